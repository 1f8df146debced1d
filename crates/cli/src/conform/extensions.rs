//! What a server may agree to of compression (RFC 7692, 7).

/// What was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Deflate {
    pub(super) server_no_context_takeover: bool,
    pub(super) client_no_context_takeover: bool,
    pub(super) server_max_window_bits: Option<u8>,
    pub(super) client_max_window_bits: Option<u8>,
}

type Parameters<'a> = Vec<(&'a str, Option<&'a str>)>;

/// What the answer agrees to of the offers.
///
/// # Errors
/// It agrees to what was not offered, or its parameters are no such thing.
pub(super) fn agreed(offered: &str, answer: &str) -> Result<Option<Deflate>, String> {
    let wrong = |why: &str| format!("Sec-WebSocket-Extensions is \"{answer}\": {why}");
    let mut agreed = extensions(answer);
    let Some((name, parameters)) = agreed.pop() else {
        return Ok(None);
    };
    if !agreed.is_empty() || name != "permessage-deflate" {
        return Err(wrong("no such extension was offered (RFC 6455, 9.1)"));
    }
    let deflate = read(&parameters).map_err(|why| wrong(&why))?;
    let offers = extensions(offered);
    let mut offers = offers.iter().filter(|offer| offer.0 == name);
    match offers.any(|(_, offer)| is_answer_to(deflate, offer)) {
        true => Ok(Some(deflate)),
        false => Err(wrong("it goes beyond what was offered (RFC 7692, 7)")),
    }
}

fn read(parameters: &Parameters<'_>) -> Result<Deflate, String> {
    let mut deflate = Deflate::default();
    for (index, (name, value)) in parameters.iter().enumerate() {
        if parameters[..index].iter().any(|earlier| earlier.0 == *name) {
            return Err(format!("{name} twice (RFC 7692, 7)"));
        }
        let bits = value.and_then(bits);
        match (*name, value, bits) {
            ("server_no_context_takeover", None, _) => deflate.server_no_context_takeover = true,
            ("client_no_context_takeover", None, _) => deflate.client_no_context_takeover = true,
            ("server_max_window_bits", _, Some(_)) => deflate.server_max_window_bits = bits,
            ("client_max_window_bits", _, Some(_)) => deflate.client_max_window_bits = bits,
            _ => return Err(format!("{name} is not as RFC 7692, 7 has it")),
        }
    }
    Ok(deflate)
}

fn is_answer_to(deflate: Deflate, offer: &Parameters<'_>) -> bool {
    let of = |name| offer.iter().find(|parameter| parameter.0 == name);
    let most = |name| of(name).and_then(|parameter| parameter.1.and_then(bits));
    let asked = most("server_max_window_bits");
    let server_window = match (asked, deflate.server_max_window_bits) {
        (Some(asked), Some(agreed)) => agreed <= asked,
        (Some(_), None) => false,
        (None, _) => true,
    };
    let client_window = match deflate.client_max_window_bits {
        None => true,
        Some(agreed) => {
            of("client_max_window_bits").is_some()
                && most("client_max_window_bits").is_none_or(|most| agreed <= most)
        }
    };
    let keeps_none = of("server_no_context_takeover").is_none();
    let takeover = deflate.server_no_context_takeover || keeps_none;
    server_window && client_window && takeover
}

fn bits(text: &str) -> Option<u8> {
    // No leading zeros (RFC 7692, 7.1.2).
    let is_number = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    let bits = text.parse().ok().filter(|_| is_number)?;
    (8..=15).contains(&bits).then_some(bits)
}

/// Names and parameters. No value that is read here has a comma or a semicolon in it.
fn extensions(text: &str) -> Vec<(&str, Parameters<'_>)> {
    let extensions = text.split(',').map(str::trim);
    let extensions = extensions.filter(|extension| !extension.is_empty());
    let read = extensions.map(|extension| {
        let mut parts = extension.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let parameters = parts.map(|part| match part.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
            None => (part, None),
        });
        (name, parameters.collect())
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_agrees_to_what_was_offered_and_to_no_more() {
        let deflate = "permessage-deflate";
        let with = |parameters: &str| format!("{deflate}; {parameters}");
        assert_eq!(agreed("", ""), Ok(None));
        assert_eq!(agreed(deflate, deflate), Ok(Some(Deflate::default())));
        let right = [
            ("client_max_window_bits", "client_max_window_bits=12"),
            ("client_max_window_bits=12", "client_max_window_bits=9"),
            ("x=1, permessage-deflate", "server_max_window_bits=15"),
            ("server_max_window_bits=10", "server_max_window_bits=\"9\""),
            ("x", "client_no_context_takeover"),
        ];
        for (offer, answer) in right {
            let agreed = agreed(&with(offer), &with(answer));
            assert!(matches!(agreed, Ok(Some(_))), "{answer}: {agreed:?}");
        }
        let wrong = [
            ("", "client_max_window_bits=12"),
            ("client_max_window_bits=12", "client_max_window_bits=13"),
            ("server_max_window_bits=10", "server_max_window_bits=11"),
            ("server_max_window_bits=10", "client_no_context_takeover"),
            ("server_no_context_takeover", "client_no_context_takeover"),
            ("", "server_max_window_bits"),
            ("", "server_max_window_bits=08"),
            ("", "server_max_window_bits=7"),
            ("", "x"),
            ("", "server_no_context_takeover; server_no_context_takeover"),
            ("", "server_no_context_takeover=1"),
            ("", "client_no_context_takeover, permessage-deflate"),
        ];
        for (offer, answer) in wrong {
            let agreed = agreed(&with(offer), &with(answer));
            assert!(agreed.is_err(), "{answer}: {agreed:?}");
        }
        assert!(agreed("", deflate).is_err());
        assert!(agreed(deflate, "x-other").is_err());
    }
}
