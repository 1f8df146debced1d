//! Who a request is from: what proxies add to the fields that its client may have written, too; and
//! which proxies are trusted.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::header::{FORWARDED, HeaderMap, HeaderName, HeaderValue};

use crate::forwarded::remote_address;
use crate::input::Input;
use crate::trusted_proxies::{TrustProxy, TrustedProxies};
use crate::url::assert_one_line;

/// That the request came from.
const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

/// The client's address is the one that the trusted proxies tell, whatever the client has written
/// before it, and in whatever form they tell it.
pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    networks(&String::from_utf8_lossy(input.short()));

    let trusted = TrustedProxies::new(&TrustProxy::Private).expect("no list");
    let fields = input.byte();
    let way: Vec<Hop> = (0..1 + input.byte() % 4)
        .map(|_| Hop::read(&mut input))
        .collect();
    let (forged_node, forged) = (input.short(), input.rest());
    let listed = HeaderName::from_static("x-forwarded-for");
    let is_added_to = [fields & 1 != 0, fields & 2 != 0];
    let written: [fn(&Hop) -> String; 2] = [Hop::element, Hop::node];
    let mut headers = HeaderMap::new();
    for (at, name) in [FORWARDED, listed].into_iter().enumerate() {
        // A line of the client's, and what it has written into the one that is added to.
        let mut lines = vec![forged.to_vec(), forged_node.to_vec()];
        if is_added_to[at] {
            for hop in &way {
                let line = lines.last_mut().expect("there are two");
                if !line.is_empty() {
                    line.extend_from_slice(b", ");
                }
                line.extend_from_slice(written[at](hop).as_bytes());
            }
        }
        for line in lines {
            // What is none does not arrive.
            let Ok(line) = HeaderValue::from_bytes(&line) else {
                return;
            };
            headers.append(&name, line);
        }
    }
    let found = remote_address(PROXY, &headers, &trusted);

    let stranger = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));
    assert_eq!(remote_address(stranger, &headers, &trusted), stranger);
    let nobody = TrustedProxies::default();
    assert_eq!(remote_address(PROXY, &headers, &nobody), PROXY);

    // Who is behind the last proxy that is trusted.
    let Some(client) = way
        .iter()
        .rev()
        .map(|hop| hop.ip)
        .find(|ip| !trusted.contains(*ip))
    else {
        // All are, and so what is before them counts.
        return;
    };
    match is_added_to {
        [true, true] => assert_eq!(found, client),
        // The client has written all of the other field.
        [true, false] | [false, true] => {
            assert!(found == client || found == PROXY, "{found}, not {client}");
            if forged.is_empty() && forged_node.is_empty() {
                assert_eq!(found, client);
            }
        }
        [false, false] => {}
    }
}

/// A network has its own address; what is none is named in one line.
fn networks(entry: &str) {
    match TrustedProxies::new(&TrustProxy::Listed(vec![entry.to_owned()])) {
        Ok(trusted) => {
            let address = entry.split('/').next().expect("the first part");
            let ip: IpAddr = address.parse().expect("an address");
            assert!(trusted.contains(ip.to_canonical()), "{entry}");
        }
        Err(error) => assert_one_line(&error.to_string()),
    }
}

/// An address that a proxy was called from, and how it writes it.
struct Hop {
    ip: IpAddr,
    form: u8,
}

impl Hop {
    fn read(input: &mut Input<'_>) -> Hop {
        let form = input.byte();
        let [a, b] = input.array();
        let ip = match form & 3 {
            0 => Ipv4Addr::new(10, 0, a, b).into(),
            1 => Ipv4Addr::new(203, 0, a, b).into(),
            2 => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, a.into(), b.into()).into(),
            _ => Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, a.into(), b.into()).into(),
        };
        Hop { ip, form }
    }

    /// As in `X-Forwarded-For`.
    fn node(&self) -> String {
        let ip = self.ip;
        match (self.form & 4 != 0, ip.is_ipv4()) {
            (false, _) => ip.to_string(),
            (true, true) => format!("{ip}:4711"),
            (true, false) => format!("[{ip}]:4711"),
        }
    }

    fn element(&self) -> String {
        let node = self.node();
        let quoted = match self.form & 8 {
            0 => format!("\"{node}\""),
            // As many proxies have it, though a colon has to be quoted.
            _ => node,
        };
        match self.form & 16 {
            0 => format!("for={quoted}"),
            _ => format!("by=_p; For={quoted};proto=\"a,\\\";b\""),
        }
    }
}
