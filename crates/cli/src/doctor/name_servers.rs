//! The name servers of `/etc/resolv.conf`, each asked by itself (RFC 1035): the system's resolver
//! says little of why it has found nothing.
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// What a name server says of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// RFC 1035, 4.1.1: there is no such name (NXDOMAIN).
    NoSuchName,
    /// There is the name, but no IPv4 address.
    NoAddress,
    Address,
    /// Another code (RFC 1035, 4.1.1): the server cannot, or does not want to.
    Fault(u8),
    Silent,
    Unreachable(String),
}

impl Answer {
    pub(super) fn words(&self) -> String {
        match self {
            Answer::NoSuchName => "there is no such name (NXDOMAIN)".to_owned(),
            Answer::NoAddress => "the name has no IPv4 address".to_owned(),
            Answer::Address => "the name has an address".to_owned(),
            Answer::Fault(2) => "it has failed (SERVFAIL)".to_owned(),
            Answer::Fault(5) => "it does not answer us (REFUSED)".to_owned(),
            Answer::Fault(code) => format!("it answers with code {code}"),
            Answer::Silent => "no answer".to_owned(),
            Answer::Unreachable(why) => format!("cannot be reached: {why}"),
        }
    }
}

/// What each of the system's name servers says, within `limit`.
pub(super) async fn ask(name: &str, limit: Duration) -> Vec<(IpAddr, Answer)> {
    let configuration = std::fs::read_to_string("/etc/resolv.conf");
    let servers = servers(&configuration.unwrap_or_default());
    let asked = servers.into_iter().map(|server| async move {
        let answer = match timeout(limit, exchange(server, name)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Answer::Unreachable(unnumbered(&error)),
            Err(_) => Answer::Silent,
        };
        (server, answer)
    });
    join_all(asked).await
}

fn unnumbered(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
        _ => error.to_string(),
    }
}

/// resolv.conf(5): without any it is the one of this machine.
fn servers(configuration: &str) -> Vec<IpAddr> {
    let address = |line: &str| {
        let mut words = line.split_whitespace();
        let address = (words.next() == Some("nameserver")).then(|| words.next())??;
        address.split('%').next()?.parse().ok()
    };
    let mut servers: Vec<IpAddr> = configuration.lines().filter_map(address).collect();
    if servers.is_empty() {
        servers.push(Ipv4Addr::LOCALHOST.into());
    }
    servers
}

async fn exchange(server: IpAddr, name: &str) -> io::Result<Answer> {
    const PORT: u16 = 53;
    let any: IpAddr = match server {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    socket.connect(SocketAddr::new(server, PORT)).await?;
    let question = question(name);
    socket.send(&question).await?;
    let mut answer = [0; 512];
    loop {
        let length = socket.recv(&mut answer).await?;
        if let Some(answer) = read(&question, &answer[..length]) {
            return Ok(answer);
        }
    }
}

/// RFC 1035, 4.1: a question for the IPv4 address of a name, which the server shall look up.
fn question(name: &str) -> Vec<u8> {
    let number = (std::process::id() as u16).to_be_bytes();
    let mut question = number.to_vec();
    question.extend([0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.').filter(|label| !label.is_empty()) {
        // RFC 1035, 2.3.4: those with a longer one are in no name server.
        let label = &label.as_bytes()[..label.len().min(63)];
        question.push(label.len() as u8);
        question.extend(label);
    }
    question.extend([0, 0, 1, 0, 1]);
    question
}

/// `None`: it is no answer to this question.
fn read(question: &[u8], answer: &[u8]) -> Option<Answer> {
    let header = answer.get(..12)?;
    if header[..2] != question[..2] || header[2] & 0x80 == 0 {
        return None;
    }
    Some(match header[3] & 0x0f {
        0 if header[6..8] == [0, 0] => Answer::NoAddress,
        0 => Answer::Address,
        3 => Answer::NoSuchName,
        code => Answer::Fault(code),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_those_of_the_file_or_this_machine() {
        let file = "# nameserver 1.1.1.1\nsearch a\nnameserver 10.0.0.1\nnameserver fe80::1%eth0\n";
        let expected: [IpAddr; 2] = ["10.0.0.1".parse().unwrap(), "fe80::1".parse().unwrap()];
        assert_eq!(servers(file), expected);
        assert_eq!(servers("nameserver\n"), [IpAddr::from([127, 0, 0, 1])]);
    }

    #[test]
    fn answers_are_read_and_others_passed_over() {
        let question = question("a.example");
        assert_eq!(question[12..], *b"\x01a\x07example\0\0\x01\0\x01");
        let answer = |code: u8, answers: u8| {
            let mut answer = question.clone();
            answer[2] |= 0x80;
            answer[3] = 0x80 | code;
            answer[7] = answers;
            read(&question, &answer)
        };
        assert_eq!(answer(3, 0), Some(Answer::NoSuchName));
        assert_eq!(answer(0, 0), Some(Answer::NoAddress));
        assert_eq!(answer(0, 1), Some(Answer::Address));
        assert_eq!(answer(2, 0), Some(Answer::Fault(2)));
        assert_eq!(read(&question, &question), None);
        assert_eq!(read(&question, &[0; 11]), None);
        let mut other = question.clone();
        other[0] ^= 1;
        other[2] |= 0x80;
        assert_eq!(read(&question, &other), None);
    }
}
