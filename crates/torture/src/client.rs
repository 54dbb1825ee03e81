//! One client process: a real leader, session and replica over SQLite files, and a WebSocket. It is
//! killed at any moment, and goes on where its files are.

mod device;
mod socket;
mod workload;

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use device::Device;
use rustix::process::{Pid, getppid};
use serde::{Deserialize, Serialize};
use socket::Socket;
use syncline_engine::protocol::{ClientId, Millis, StoreId, Subject};
use workload::Workload;

use crate::{Dice, Order};

/// How long one look at the socket waits.
const TICK: Duration = Duration::from_millis(5);

/// Between two looks at the order.
const ORDER_EVERY: Duration = Duration::from_millis(50);

/// The receipts of a client, in its folder.
pub const RECEIPTS: &str = "receipts.jsonl";

/// What a client process is told when it starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Assignment {
    pub store: StoreId,
    pub subject: Subject,
    /// Used when there is no database yet.
    pub fresh: ClientId,
    /// Where the proxy of this client listens.
    pub port: u16,
    pub token: String,
    /// Its own folder.
    pub folder: PathBuf,
    /// Where the order is.
    pub orders: PathBuf,
    pub seed: u64,
    /// How many processes this client has had before.
    pub life: u64,
    /// Which client it is: a stream of its own.
    pub number: u64,
}

/// Runs until it is killed, or whoever started it is gone.
///
/// # Errors
/// What no fault of the network or the server explains: a defect.
pub fn run(assignment: &Assignment) -> Result<()> {
    let parent = getppid();
    let mut device = Device::open(assignment)?;
    let stream = assignment.number * 1_000_000 + assignment.life;
    let mut workload = Workload::new(Dice::new(assignment.seed, stream), assignment);
    let mut link = Link::new(assignment, Dice::new(assignment.seed, stream + 500_000));
    let (mut order, mut order_read) = (Order::read(&assignment.orders)?, Instant::now());
    while getppid() == parent && parent != Some(Pid::INIT) {
        if order_read.elapsed() >= ORDER_EVERY {
            order = Order::read(&assignment.orders)?;
            order_read = Instant::now();
        }
        link.turn(&mut device)?;
        match order {
            Order::Write(_) => workload.turn(&mut device)?,
            Order::Drain(round) => {
                device.hand_over()?;
                device.report(round)?;
            }
        }
        device.pump()?;
    }
    Ok(())
}

/// The clock of the machine.
fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::new(u64::try_from(since.as_millis()).unwrap_or_default()).unwrap_or_default()
}

/// The connection, made anew whenever it ends.
struct Link {
    socket: Option<Socket>,
    port: u16,
    path: String,
    token: String,
    dice: Dice,
    failures: u32,
    retry_at: Instant,
}

impl Link {
    fn new(assignment: &Assignment, dice: Dice) -> Self {
        Self {
            socket: None,
            port: assignment.port,
            path: format!("/stores/{}/sync", assignment.store),
            token: assignment.token.clone(),
            dice,
            failures: 0,
            retry_at: Instant::now(),
        }
    }

    /// Carries what there is to carry, for one tick.
    fn turn(&mut self, device: &mut Device) -> Result<()> {
        let Some(socket) = &mut self.socket else {
            if Instant::now() < self.retry_at {
                thread::sleep(TICK);
            } else if let Ok(socket) = Socket::open(self.port, &self.path, TICK) {
                self.socket = Some(socket);
                device.connected(&self.token);
            } else {
                self.lost(device);
            }
            return Ok(());
        };
        let mut open = true;
        while let Some(frame) = device.poll_server() {
            open = open && socket.send(frame);
        }
        // All that is there, so that a busy server does not outrun a client that looks once a tick.
        while open && let Some(frame) = socket.read(&mut open) {
            open = open && device.received(&frame)?;
            self.failures = 0;
            while let Some(frame) = device.poll_server() {
                open = open && socket.send(frame);
            }
        }
        if !open || device.is_stopped()? {
            self.lost(device);
        }
        Ok(())
    }

    fn lost(&mut self, device: &mut Device) {
        self.socket = None;
        device.disconnected();
        self.failures += 1;
        let longest = 50 << self.failures.min(4);
        self.retry_at = Instant::now() + Duration::from_millis(self.dice.between(10, longest));
    }
}
