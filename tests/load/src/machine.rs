//! What the machine's host leaves of it: a virtual machine is paused whenever its host runs something else.

/// The machine's processor time since it started, all cores together, in ticks of the kernel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MachineTime {
    all: u64,
    stolen: u64,
}

impl MachineTime {
    /// Reads the clocks of the kernel; zero where it has none.
    #[must_use]
    pub fn now() -> Self {
        std::fs::read_to_string("/proc/stat").map(|stat| Self::parse(&stat)).unwrap_or_default()
    }

    /// # Source
    ///
    /// proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal; what follows is counted in the first two.
    fn parse(stat: &str) -> Self {
        let ticks = stat.lines().next().and_then(|line| line.strip_prefix("cpu ")).unwrap_or_default();
        let ticks: Vec<u64> = ticks.split_whitespace().take(8).filter_map(|word| word.parse().ok()).collect();
        Self { all: ticks.iter().sum(), stolen: ticks.get(7).copied().unwrap_or(0) }
    }

    /// The share of the time since `before` in which a core wanted to run and the host did not let it.
    #[must_use]
    pub fn stolen_since(self, before: Self) -> f64 {
        let all = self.all.saturating_sub(before.all).max(1);
        self.stolen.saturating_sub(before.stolen) as f64 / all as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_that_the_host_took_is_read_from_the_kernels_clocks() {
        let before = MachineTime::parse("cpu  100 10 50 800 5 0 15 20 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n");
        assert_eq!(before, MachineTime { all: 1_000, stolen: 20 });
        let after = MachineTime::parse("cpu  150 10 60 830 5 0 15 30 7 7\n");
        assert!((after.stolen_since(before) - 0.1).abs() < 1e-9);
        assert_eq!(MachineTime::parse("intr 1 2"), MachineTime::default());
        assert_eq!(before.stolen_since(after), 0.0);
    }
}
