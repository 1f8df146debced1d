//! A sandbox that denies internet sockets: a seccomp filter, which takes no rights to set up.
use std::io;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

/// From now on, making an internet socket fails with `errno` on this thread, on the threads that
/// it starts and in the programs that it becomes. Other sockets can be made.
pub(crate) fn deny_internet_sockets(errno: i32) -> io::Result<()> {
    let of_family = |family: i32| {
        let family = SeccompCondition::new(
            0,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::Eq,
            u64::from(family.unsigned_abs()),
        )?;
        SeccompRule::new(vec![family])
    };
    let filter = || {
        let rules = vec![of_family(libc::AF_INET)?, of_family(libc::AF_INET6)?];
        let filter = SeccompFilter::new(
            [(libc::SYS_socket, rules)].into(),
            SeccompAction::Allow,
            SeccompAction::Errno(errno.unsigned_abs()),
            TargetArch::try_from(std::env::consts::ARCH)?,
        )?;
        BpfProgram::try_from(filter)
    };
    let filter = filter().map_err(io::Error::other)?;
    apply_filter(&filter).map_err(io::Error::other)
}
