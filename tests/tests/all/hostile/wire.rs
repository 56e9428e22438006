//! Octets on a socket from somebody who keeps to no rule: what comes back is read while they are still being sent.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than the service lets anybody wait.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came back until the service closed the connection.
#[derive(Debug)]
pub(crate) struct Reaction {
    pub(crate) octets: Vec<u8>,
}

impl Reaction {
    /// The status of each response, in order.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let text = String::from_utf8_lossy(&self.octets);
        let line = |line: &str| line.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok();
        text.split("\r\n").flat_map(|part| part.split('\n')).filter_map(line).collect()
    }

    /// The status of the only response; nothing if the connection was closed without one.
    pub(crate) fn status(&self) -> Option<u16> {
        self.statuses().first().copied()
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// Sends everything, says that this was all, and reads until the service closes the connection.
pub(crate) fn exchange(address: SocketAddr, octets: &[u8]) -> Reaction {
    let mut stream = connect(address);
    let mut writing = stream.try_clone().expect("a second handle");
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // The service may have had enough long before the end.
            let _ = writing.write_all(octets);
            let _ = writing.shutdown(Shutdown::Write);
        });
        read_to_end(&mut stream)
    })
}

/// What comes until the service closes the connection, in whatever way.
pub(crate) fn read_to_end(stream: &mut TcpStream) -> Reaction {
    let mut received = Vec::new();
    let mut part = [0; 4096];
    loop {
        match stream.read(&mut part) {
            Ok(0) => return Reaction { octets: received },
            Ok(length) => received.extend_from_slice(&part[..length]),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                panic!("the service keeps the connection open: {:?}", String::from_utf8_lossy(&received))
            }
            Err(_) => return Reaction { octets: received },
        }
    }
}
