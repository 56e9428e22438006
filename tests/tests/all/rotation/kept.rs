//! HTTP/1.1 over a connection that is kept: if the other side ends it, that is seen, and not mended by a new one.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(super) struct Kept<S> {
    stream: S,
    host: SocketAddr,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl<S: AsyncReadExt + AsyncWriteExt + Unpin> Kept<S> {
    pub(super) fn new(stream: S, host: SocketAddr) -> Kept<S> {
        Kept { stream, host }
    }

    pub(super) async fn get(&mut self, path: &str) -> std::io::Result<Answer> {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.host), &[]).await
    }

    pub(super) async fn post(&mut self, path: &str, kind: &str, body: &[u8]) -> std::io::Result<Answer> {
        let (host, length) = (self.host, body.len());
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n");
        self.exchange(&head, body).await
    }

    async fn exchange(&mut self, head: &str, body: &[u8]) -> std::io::Result<Answer> {
        self.stream.write_all(&[head.as_bytes(), body].concat()).await?;
        self.stream.flush().await?;
        let mut received = Vec::new();
        let end = loop {
            if let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.more(&mut received).await?;
        };
        let head = String::from_utf8_lossy(&received[..end]).to_ascii_lowercase();
        let no_http = || std::io::Error::other(format!("no HTTP: {head}"));
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(no_http)?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
        let length = length.ok_or_else(no_http)?;
        while received.len() < end + length {
            self.more(&mut received).await?;
        }
        Ok(Answer { status, body: received[end..].to_vec() })
    }

    async fn more(&mut self, received: &mut Vec<u8>) -> std::io::Result<()> {
        match self.stream.read_buf(received).await? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
