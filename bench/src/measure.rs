//! CPU time and memory of this process.
use std::time::{Duration, Instant};

/// What a stretch of work cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Wall-clock time.
    pub wall: Duration,
    /// User and system time of all threads.
    pub cpu: Duration,
}

/// Started; [`stop`](Meter::stop) it.
pub struct Meter {
    wall: Instant,
    cpu: Duration,
}

impl Meter {
    /// Starts now.
    pub fn start() -> Meter {
        Meter {
            wall: Instant::now(),
            cpu: cpu(),
        }
    }

    /// What it cost since.
    pub fn stop(self) -> Cost {
        Cost {
            wall: self.wall.elapsed(),
            cpu: cpu() - self.cpu,
        }
    }
}

fn cpu() -> Duration {
    // SAFETY: `rusage` is plain data for which zeroes are valid, and the pointer is valid for the call.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(libc::RUSAGE_SELF, &mut usage), 0);
        usage
    };
    let time = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1000);
    time(usage.ru_utime) + time(usage.ru_stime)
}

/// Resident bytes of this process.
pub fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/smaps_rollup").expect("Linux");
    let line = status
        .lines()
        .find(|line| line.starts_with("Rss:"))
        .expect("Rss");
    line.split_whitespace()
        .nth(1)
        .expect("a number")
        .parse::<u64>()
        .expect("a number")
        * 1024
}
