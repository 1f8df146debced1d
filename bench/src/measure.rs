//! CPU time and memory of a process: this one, or the server that a load generator loads.
use std::time::{Duration, Instant};

/// A process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Process {
    /// 0 is this one.
    pid: libc::pid_t,
}

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
    process: Process,
    wall: Instant,
    cpu: Duration,
}

impl Meter {
    /// Starts now, for this process.
    pub fn start() -> Meter {
        Meter::of(Process::default())
    }

    /// Starts now.
    pub fn of(process: Process) -> Meter {
        Meter {
            process,
            wall: Instant::now(),
            cpu: process.cpu(),
        }
    }

    /// What it cost since.
    pub fn stop(self) -> Cost {
        Cost {
            wall: self.wall.elapsed(),
            cpu: self.process.cpu() - self.cpu,
        }
    }
}

impl Process {
    /// Another process.
    pub fn other(pid: u32) -> Process {
        Process {
            pid: pid.try_into().expect("a process id"),
        }
    }

    /// User and system time of all its threads, those that have ended included.
    fn cpu(self) -> Duration {
        // SAFETY: both pointers are valid for the calls, and `timespec` is plain data for which
        // zeroes are valid.
        let time = unsafe {
            let mut clock = 0;
            assert_eq!(libc::clock_getcpuclockid(self.pid, &raw mut clock), 0);
            let mut time: libc::timespec = std::mem::zeroed();
            assert_eq!(libc::clock_gettime(clock, &raw mut time), 0);
            time
        };
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }

    /// Resident bytes.
    pub fn resident(self) -> u64 {
        let path = match self.pid {
            0 => "/proc/self/smaps_rollup".into(),
            pid => format!("/proc/{pid}/smaps_rollup"),
        };
        let rollup = std::fs::read_to_string(path).expect("Linux");
        let line = rollup
            .lines()
            .find(|line| line.starts_with("Rss:"))
            .expect("Rss");
        let kib: u64 = line
            .split_whitespace()
            .nth(1)
            .and_then(|word| word.parse().ok())
            .expect("a number");
        kib * 1024
    }
}

/// Ten thousand connections need as many files.
pub fn raise_file_limit() {
    // SAFETY: `rlimit` is plain data and the pointer is valid for the calls.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            let _ = libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
}

/// This process and those that it starts run on one core until this is dropped.
///
/// Where each end waits for the other, two cores spend their time on going to sleep and being
/// woken; on a virtual machine that takes several times as long as everything else, and is not the
/// library's.
pub struct OneCore(libc::cpu_set_t);

impl OneCore {
    /// From now on.
    pub fn start() -> OneCore {
        // SAFETY: `cpu_set_t` is plain data for which zeroes are valid, and the pointer is valid
        // for the call.
        let before = unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            let len = size_of::<libc::cpu_set_t>();
            assert_eq!(libc::sched_getaffinity(0, len, &raw mut set), 0);
            set
        };
        // SAFETY: the sets are valid, and so are the indices.
        unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            let first =
                (0..libc::CPU_SETSIZE as usize).find(|&core| libc::CPU_ISSET(core, &before));
            libc::CPU_SET(first.expect("a core"), &mut set);
            run_on(&set);
        }
        OneCore(before)
    }
}

impl Drop for OneCore {
    fn drop(&mut self) {
        run_on(&self.0);
    }
}

fn run_on(set: &libc::cpu_set_t) {
    // SAFETY: the pointer is valid for the call.
    let result = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), set) };
    assert_eq!(result, 0);
}
