//! Names, with a name server of ours, and networks that drop: each situation in namespaces of its
//! own, where nobody else resolves names.
use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::process::Command;
use std::thread;

use super::doctor;
use crate::servers::echo;

/// Runs one of the tests below in a user, a network and a mount namespace. Some machines have not
/// the programs, and some containers allow no such namespaces: then this says so.
fn in_namespaces(test: &str) {
    in_namespaces_where(test, &["true"]);
}

/// As [`in_namespaces`], if this command can be run there.
fn in_namespaces_where(test: &str, needed: &[&str]) {
    const NAMESPACES: [&str; 4] = ["--user", "--map-root-user", "--net", "--mount"];
    for (program, package) in [
        ("unshare", "util-linux"),
        ("mount", "mount"),
        ("ip", "iproute2"),
    ] {
        if let Err(error) = Command::new(program).arg("-V").output() {
            return missing(&format!("{program} (of {package}) cannot be run: {error}"));
        }
    }
    let tried = Command::new("unshare")
        .args(NAMESPACES)
        .args(needed)
        .output();
    let tried = tried.expect("it runs");
    if !tried.status.success() {
        let why = String::from_utf8_lossy(&tried.stderr);
        let needed = needed.join(" ");
        return missing(&format!(
            "`{needed}` cannot be run in namespaces here: {why}"
        ));
    }
    let child = Command::new("unshare")
        .args(NAMESPACES)
        .arg(std::env::current_exe().expect("a program"))
        .args(["--ignored", "--exact", "--nocapture"])
        .arg(format!("doctor::names::inside::{test}"))
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&[child.stdout, child.stderr].concat()).into_owned();
    assert!(
        child.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

fn missing(what: &str) {
    assert!(std::env::var_os("ARKWS_REQUIRE_ALL").is_none(), "{what}");
    eprintln!("left out: {what}");
}

/// What the name server says to each question.
#[derive(Clone, Copy)]
enum Says {
    Code(u8),
    Addresses(&'static [[u8; 4]]),
    Nothing,
}

/// The machine's name server is this one, if it is any.
fn name_server(says: Option<Says>) {
    run("ip", &["link", "set", "lo", "up"]);
    let folder = tempfile::tempdir().expect("a folder").keep();
    // In seconds.
    let patience = match says {
        Some(Says::Nothing) => 1,
        _ => 30,
    };
    let resolver = format!("nameserver 127.0.0.1\noptions timeout:{patience} attempts:1\n");
    for (name, text) in [
        ("resolv.conf", &*resolver),
        ("nsswitch.conf", "hosts: files dns\n"),
    ] {
        let file = folder.join(name);
        fs::write(&file, text).expect("it is written");
        let place = format!("/etc/{name}");
        if fs::exists(&place).expect("it is looked for") {
            run("mount", &["--bind", file.to_str().expect("UTF-8"), &place]);
        }
    }
    let Some(says) = says else {
        return;
    };
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).expect("port 53");
    thread::spawn(move || {
        let mut question = [0; 512];
        loop {
            let (length, from) = socket.recv_from(&mut question).expect("a question");
            if let Some(answer) = answer(&question[..length], says) {
                socket.send_to(&answer, from).expect("it is sent");
            }
        }
    });
}

/// RFC 1035, 4.1.
fn answer(question: &[u8], says: Says) -> Option<Vec<u8>> {
    // Behind the header and the name stand type and class; an EDNS record may follow.
    let name = question[12..].iter().position(|byte| *byte == 0)?;
    let end = 12 + name + 5;
    let is_for_ipv4 = question[end - 4..end - 2] == [0, 1];
    let (code, addresses): (u8, &[[u8; 4]]) = match says {
        Says::Nothing => return None,
        Says::Code(code) => (code, &[]),
        Says::Addresses(addresses) if is_for_ipv4 => (0, addresses),
        Says::Addresses(_) => (0, &[]),
    };
    let count = u8::try_from(addresses.len()).expect("a few");
    let mut answer = question[..2].to_vec();
    answer.extend([0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0]);
    answer.extend(&question[12..end]);
    for address in addresses {
        // The name of the question, A, IN, a minute.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        answer.extend(address);
    }
    Some(answer)
}

fn run(program: &str, arguments: &[&str]) {
    let ran = Command::new(program)
        .args(arguments)
        .output()
        .expect("it runs");
    let why = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{program} {arguments:?}: {why}");
}

#[test]
fn a_name_that_does_not_exist() {
    in_namespaces("no_such_name");
}

#[test]
fn a_name_without_addresses() {
    in_namespaces("no_address");
}

#[test]
fn a_name_server_that_is_not_there() {
    in_namespaces("no_name_server");
}

#[test]
fn a_name_server_that_is_silent() {
    in_namespaces("a_silent_name_server");
}

#[test]
fn a_name_server_that_fails() {
    in_namespaces("a_failing_name_server");
}

#[test]
fn a_name_of_two_addresses_of_which_one_is_dead() {
    in_namespaces("one_dead_address");
}

#[test]
fn a_firewall_that_drops() {
    // A cable with both its ends here.
    in_namespaces_where("a_filtered_port", &["ip", "link", "add", "type", "veth"]);
}

#[test]
fn networks_without_a_way() {
    in_namespaces("no_way");
}

mod inside {
    use super::*;

    #[test]
    #[ignore = "run by a_name_that_does_not_exist"]
    fn no_such_name() {
        name_server(Some(Says::Code(3)));
        let found = doctor(&["ws://nobody.example/"]);
        found.is(
            "no-such-name",
            "name",
            &[
                "There is no host called nobody.example",
                "127.0.0.1 knows no such name",
            ],
        );
        assert_eq!(found.step("address")["state"], "skipped");
    }

    #[test]
    #[ignore = "run by a_name_without_addresses"]
    fn no_address() {
        name_server(Some(Says::Addresses(&[])));
        let found = doctor(&["ws://mail.example/"]);
        found.is(
            "no-address",
            "name",
            &["exists and has no address", "type A or AAAA"],
        );
    }

    #[test]
    #[ignore = "run by a_name_server_that_is_not_there"]
    fn no_name_server() {
        name_server(None);
        let found = doctor(&["ws://somebody.example/"]);
        let words = [
            "No name server answers",
            "asked was 127.0.0.1",
            "/etc/resolv.conf",
        ];
        found.is("no-name-server", "name", &words);
        let said = found.step("name")["details"][0].as_str().expect("words");
        assert!(said.contains("nothing listens there"), "{said}");
    }

    #[test]
    #[ignore = "run by a_name_server_that_is_silent"]
    fn a_silent_name_server() {
        name_server(Some(Says::Nothing));
        let found = doctor(&["--timeout", "5s", "ws://somebody.example/"]);
        found.is("no-name-server", "name", &["No name server answers"]);
        let said = found.step("name")["details"][0].as_str().expect("words");
        assert!(said.contains("127.0.0.1: no answer"), "{said}");
    }

    #[test]
    #[ignore = "run by a_name_server_that_fails"]
    fn a_failing_name_server() {
        name_server(Some(Says::Code(2)));
        let found = doctor(&["ws://somebody.example/"]);
        found.is(
            "name-server",
            "name",
            &["is not known", "SERVFAIL", "Try later"],
        );
    }

    #[test]
    #[ignore = "run by a_name_of_two_addresses_of_which_one_is_dead"]
    fn one_dead_address() {
        name_server(Some(Says::Addresses(&[[127, 0, 0, 1], [127, 0, 0, 2]])));
        let server = echo();
        let found = doctor(&[&server.url.replace("127.0.0.1", "two.example")]);
        let words = [
            "Of the 2 addresses of two.example",
            "127.0.0.2 (connection refused)",
        ];
        found.is("dead-address", "address", &words);
        assert_eq!(found.step("name")["state"], "ok");
        assert_eq!(found.step("close")["state"], "ok");
    }

    /// What is sent goes out over a cable, at whose other end nobody takes it.
    #[test]
    #[ignore = "run by a_firewall_that_drops"]
    fn a_filtered_port() {
        name_server(Some(Says::Addresses(&[[192, 0, 2, 9]])));
        run(
            "ip",
            &["link", "add", "near", "type", "veth", "peer", "name", "far"],
        );
        run("ip", &["addr", "add", "192.0.2.1/24", "dev", "near"]);
        run("ip", &["link", "set", "near", "up"]);
        run("ip", &["link", "set", "far", "up"]);
        let there = ["192.0.2.9", "lladdr", "02:00:00:00:00:09", "dev", "near"];
        run("ip", &[&["neigh", "add"], &there[..]].concat());
        let found = doctor(&["--timeout", "1s", "ws://dropped.example:9/"]);
        let words = [
            "no answer at all from port 9 of dropped.example",
            "a firewall drops",
        ];
        found.is("filtered", "address", &words);
    }

    #[test]
    #[ignore = "run by networks_without_a_way"]
    fn no_way() {
        name_server(None);
        for kind in ["blackhole", "prohibit", "unreachable"] {
            run("ip", &["route", "add", kind, "198.51.100.0/24"]);
            let found = doctor(&["ws://198.51.100.7/"]);
            let words = ["There is no way to 198.51.100.7", "routes and VPN"];
            found.is("unreachable", "address", &words);
            run("ip", &["route", "del", kind, "198.51.100.0/24"]);
        }
        // Nor is there any route.
        doctor(&["ws://198.51.100.7/"]).is("unreachable", "address", &["network unreachable"]);
        // An address of a family that this machine has not is no fault beside another.
        let server = echo();
        let url = server.url.replace("127.0.0.1", "two.test");
        let found = doctor(&["--resolve", "two.test:2001:db8::1,127.0.0.1", &url]);
        found.is_good();
    }
}
