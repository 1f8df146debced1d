//! What a call of Node-API returns, as a `Result`.
use napi::{Error, Result, Status, sys};

pub(super) fn check(status: sys::napi_status) -> Result<()> {
    match status {
        sys::Status::napi_ok => Ok(()),
        status => {
            let status = Status::from(status);
            Err(Error::new(status, format!("arkws: Node-API says {status}")))
        }
    }
}
