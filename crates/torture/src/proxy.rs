//! A TCP proxy between one client and the server, which cuts, tears, stalls, swallows and delays.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

/// How often a quiet direction looks at the weather.
const TICK: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Weather {
    /// The number of the next connection.
    next: u64,
    /// Connections below this number are cut.
    cut_below: u64,
    /// Connections below this number are half open: what is sent on them is gone, and neither side is
    /// told. A network does not lose bytes and then go on, so they stay so until they are closed.
    heard_from: u64,
    /// After how many more bytes the next chunk is cut.
    tear_after: Option<u64>,
    refuse_until: Option<Instant>,
    stalled_until: Option<Instant>,
    /// What each chunk waits, and how long that goes on.
    delay: Option<(Duration, Instant)>,
    ended: bool,
    /// Connections that were open when they were cut.
    cut: usize,
    open: BTreeSet<u64>,
}

/// The proxy; it listens as long as it lives.
pub struct Proxy {
    port: u16,
    weather: Arc<Mutex<Weather>>,
}

impl Proxy {
    /// Listens on a port of its own; `server` need not be there yet.
    ///
    /// # Errors
    /// When there is no port.
    pub fn start(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let weather = Arc::new(Mutex::new(Weather::default()));
        let shared = Arc::clone(&weather);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if with(&shared, |weather| weather.ended) {
                    break;
                }
                connect(client, server, &shared);
            }
        });
        Ok(Self { port, weather })
    }

    /// Where the client connects to.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Cuts what is open.
    pub fn cut(&self) {
        with(&self.weather, Weather::cut_all);
    }

    /// Cuts what is open in the middle of what comes next.
    pub fn tear(&self, after: u64) {
        with(&self.weather, |weather| weather.tear_after = Some(after));
    }

    /// Cuts, and takes no connection for a while.
    pub fn refuse(&self, during: Duration) {
        with(&self.weather, |weather| {
            weather.cut_all();
            weather.refuse_until = Some(Instant::now() + during);
        });
    }

    /// Lets nothing through for a while.
    pub fn stall(&self, during: Duration) {
        with(&self.weather, |weather| weather.stalled_until = Some(Instant::now() + during));
    }

    /// Lets nothing through any more on what is open now.
    pub fn swallow(&self) {
        with(&self.weather, |weather| weather.heard_from = weather.next);
    }

    /// Lets each chunk wait, for a while.
    pub fn delay(&self, each: Duration, during: Duration) {
        with(&self.weather, |weather| weather.delay = Some((each, Instant::now() + during)));
    }

    /// From now on it only forwards.
    pub fn calm(&self) {
        with(&self.weather, |weather| {
            weather.cut_below(weather.heard_from);
            (weather.tear_after, weather.refuse_until) = (None, None);
            (weather.stalled_until, weather.delay) = (None, None);
        });
    }

    /// How many open connections it has cut.
    #[must_use]
    pub fn cuts(&self) -> usize {
        with(&self.weather, |weather| weather.cut)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        with(&self.weather, |weather| {
            weather.cut_all();
            weather.ended = true;
        });
        // It looks when somebody comes.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

impl Weather {
    fn cut_all(&mut self) {
        self.cut_below(self.next);
    }

    fn cut_below(&mut self, number: u64) {
        self.cut_below = self.cut_below.max(number);
        let before = self.open.len();
        self.open.retain(|open| *open >= number);
        self.cut += before - self.open.len();
    }
}

fn with<T>(weather: &Mutex<Weather>, act: impl FnOnce(&mut Weather) -> T) -> T {
    act(&mut weather.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Two threads carry the bytes; the first that fails ends both.
fn connect(client: TcpStream, server: SocketAddr, weather: &Arc<Mutex<Weather>>) {
    let refused = with(weather, |weather| weather.refuse_until.is_some_and(|until| Instant::now() < until));
    if refused {
        return;
    }
    let Ok(server) = TcpStream::connect_timeout(&server, Duration::from_secs(2)) else { return };
    let number = with(weather, |weather| {
        let number = weather.next;
        weather.next += 1;
        weather.open.insert(number);
        number
    });
    let (Ok(client_too), Ok(server_too)) = (client.try_clone(), server.try_clone()) else { return };
    let (up, down) = (Arc::clone(weather), Arc::clone(weather));
    thread::spawn(move || carry(client, server, number, &up));
    thread::spawn(move || carry(server_too, client_too, number, &down));
}

fn carry(mut from: TcpStream, mut to: TcpStream, number: u64, weather: &Mutex<Weather>) {
    let mut ended = from.set_read_timeout(Some(TICK)).is_err();
    let mut bytes = vec![0; 16 << 10];
    while !ended {
        ended = match from.read(&mut bytes) {
            Ok(0) => true,
            Ok(read) => !pass(bytes.get(..read).unwrap_or_default(), &mut to, number, weather),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                with(weather, |weather| number < weather.cut_below)
            }
            Err(_) => true,
        };
    }
    with(weather, |weather| weather.open.remove(&number));
    from.shutdown(Shutdown::Both).ok();
    to.shutdown(Shutdown::Both).ok();
}

/// Whether the connection goes on.
fn pass(chunk: &[u8], to: &mut TcpStream, number: u64, weather: &Mutex<Weather>) -> bool {
    loop {
        enum Next {
            Cut,
            Wait,
            Swallow,
            Torn(usize),
            Send(Duration),
        }
        let next = with(weather, |weather| {
            let now = Instant::now();
            if number < weather.cut_below {
                return Next::Cut;
            }
            if number < weather.heard_from {
                return Next::Swallow;
            }
            if weather.stalled_until.is_some_and(|until| now < until) {
                return Next::Wait;
            }
            if let Some(after) = weather.tear_after.take() {
                let most = usize::try_from(after).unwrap_or(usize::MAX);
                if most < chunk.len() {
                    weather.cut_all();
                    return Next::Torn(most);
                }
                weather.tear_after = Some(after - chunk.len() as u64);
            }
            let delay = weather.delay.filter(|(_, until)| now < *until);
            Next::Send(delay.map_or(Duration::ZERO, |(each, _)| each))
        });
        match next {
            Next::Cut => return false,
            Next::Wait => thread::sleep(TICK),
            Next::Swallow => return true,
            Next::Torn(most) => {
                to.write_all(chunk.get(..most).unwrap_or_default()).ok();
                return false;
            }
            Next::Send(delay) => {
                thread::sleep(delay);
                return to.write_all(chunk).is_ok();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut bytes = [0; 64];
                    while let Ok(read @ 1..) = stream.read(&mut bytes) {
                        stream.write_all(&bytes[..read]).unwrap();
                    }
                });
            }
        });
        address
    }

    fn opened(proxy: &Proxy) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    fn asked(stream: &mut TcpStream, text: &str) -> String {
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let mut byte = [0];
        while answer.len() < text.len() && stream.read(&mut byte).is_ok_and(|read| read > 0) {
            answer.push(byte[0]);
        }
        String::from_utf8(answer).unwrap()
    }

    #[test]
    fn what_it_carries_arrives_until_it_cuts() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut stream = opened(&proxy);
        proxy.delay(Duration::from_millis(5), Duration::from_secs(1));
        assert_eq!(asked(&mut stream, "hello"), "hello");
        proxy.cut();
        assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0, "it is closed");
        assert_eq!(proxy.cuts(), 1);
        assert_eq!(asked(&mut opened(&proxy), "again"), "again");
    }

    #[test]
    fn a_torn_frame_arrives_in_part_and_then_nothing() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut stream = opened(&proxy);
        assert_eq!(asked(&mut stream, "hello"), "hello");
        proxy.tear(3);
        // What the server got before the cut may come back or be lost with the socket.
        assert!("hel".starts_with(&asked(&mut stream, "hello")));
        assert_eq!(proxy.cuts(), 1);
    }

    #[test]
    fn what_is_half_open_stays_so_and_new_connections_are_not() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut stream = opened(&proxy);
        assert_eq!(asked(&mut stream, "hello"), "hello");
        proxy.swallow();
        stream.write_all(b"lost").unwrap();
        assert_eq!(asked(&mut opened(&proxy), "fresh"), "fresh");
        stream.set_read_timeout(Some(TICK)).unwrap();
        assert!(stream.read(&mut [0]).is_err(), "nothing comes, and it is not closed");
        proxy.calm();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0, "it is closed");
    }
}
