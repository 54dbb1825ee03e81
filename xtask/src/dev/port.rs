//! The ports that the services listen on.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

use anyhow::{Result, bail};

pub(crate) fn require_free(port: u16) -> Result<()> {
    let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, port));
    for bound in [v4, v6] {
        if bound.is_err_and(|error| error.kind() == ErrorKind::AddrInUse) {
            bail!("port {port} is busy: end what listens on it (`lsof -i :{port}` names it), and try again");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_port_is_named() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = require_free(port).unwrap_err().to_string();
        assert!(error.contains(&format!("port {port} is busy")), "{error}");
        drop(listener);
        require_free(port).unwrap();
    }
}
