//! Settings one by one, and all at once.
use std::time::Duration;

use arkws::{Acceptor, Client, Config, Heartbeat, Limits, UnfinishedBudget};

/// None of them is a default.
fn config() -> Config {
    Config {
        limits: Limits {
            max_message_size: 1001,
            ..Limits::default()
        },
        heartbeat: Some(Heartbeat {
            interval: Duration::from_secs(1002),
            timeout: Duration::from_secs(1003),
        }),
        close_timeout: Duration::from_secs(1004),
        write_timeout: Some(Duration::from_secs(1005)),
        message_timeout: Some(Duration::from_secs(1006)),
        unfinished_budget: Some(UnfinishedBudget::new(1007)),
        ..Config::default()
    }
}

#[test]
fn each_setting_of_a_connection_can_be_set_by_itself() {
    let all = config();
    let budget = all.unfinished_budget.clone().unwrap();
    let client = Client::builder()
        .limits(all.limits.clone())
        .heartbeat(all.heartbeat)
        .close_timeout(all.close_timeout)
        .write_timeout(all.write_timeout)
        .message_timeout(all.message_timeout)
        .unfinished_budget(budget.clone());
    let server = Acceptor::builder()
        .limits(all.limits.clone())
        .heartbeat(all.heartbeat)
        .close_timeout(all.close_timeout)
        .write_timeout(all.write_timeout)
        .message_timeout(all.message_timeout)
        .unfinished_budget(budget);

    let [client, server] = [format!("{client:?}"), format!("{server:?}")];

    let client_with = Client::builder().config(all.clone());
    let server_with = Acceptor::builder().config(all);
    assert_eq!(client, format!("{client_with:?}"));
    assert_eq!(server, format!("{server_with:?}"));
    for number in 1001..=1007 {
        let number = number.to_string();
        assert!(client.contains(&number), "{number}: {client}");
        assert!(server.contains(&number), "{number}: {server}");
    }
}
