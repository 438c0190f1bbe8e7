//! Releases of kernels, and which of them are meant.

use std::cmp::Ordering;

/// A kernel's release, as `uname -r` has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Release(pub String);

impl Release {
    /// Its version: the numbers at its start, as in 6.1.0-50 or 7.2.13.
    fn numbers(&self) -> Vec<u32> {
        let parts = self.0.split(|c: char| !c.is_ascii_digit());
        parts.map_while(|part| part.parse().ok()).collect()
    }

    /// The first two numbers.
    pub fn series(&self) -> (u32, u32) {
        let numbers = self.numbers();
        let at = |place: usize| numbers.get(place).copied().unwrap_or(0);
        (at(0), at(1))
    }

    /// Whether it is what the user calls `wanted`, as in 6.1, 7.2.13 or a whole release.
    fn is_called(&self, wanted: &str) -> bool {
        let rest = self.0.strip_prefix(wanted);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
    }
}

impl Ord for Release {
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = self.numbers().cmp(&other.numbers());
        numbers.then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Release {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The word for the newest kernel of all.
pub const NEWEST: &str = "newest";

/// The newest of those on offer that is called `wanted`.
pub fn choose<'a>(offered: &'a [Release], wanted: &str) -> Option<&'a Release> {
    let meant = |release: &&Release| wanted == NEWEST || release.is_called(wanted);
    offered.iter().filter(meant).max()
}

/// The newest of each series, in order.
pub fn newest_of_each(offered: &[Release]) -> Vec<Release> {
    let mut sorted = offered.to_vec();
    sorted.sort();
    sorted.reverse();
    sorted.dedup_by_key(|release| release.series());
    sorted.reverse();
    sorted
}

#[cfg(test)]
mod tests {
    use super::{Release, choose, newest_of_each};

    fn offered() -> Vec<Release> {
        [
            "6.12.107+deb13-cloud-amd64",
            "6.12.117+deb13-cloud-amd64",
            "6.1.0-50-cloud-amd64",
            "6.1.0-47-cloud-amd64",
            "7.2.9+deb13-cloud-amd64",
            "7.2.13+deb14-cloud-amd64",
        ]
        .map(|release| Release(release.into()))
        .to_vec()
    }

    #[test]
    fn a_version_means_the_newest_release_that_begins_with_it() {
        let offered = offered();
        let chosen = |wanted: &str| choose(&offered, wanted).map(|it| it.0.as_str());
        assert_eq!(chosen("6.1"), Some("6.1.0-50-cloud-amd64"));
        assert_eq!(chosen("6.12"), Some("6.12.117+deb13-cloud-amd64"));
        assert_eq!(chosen("7.2.9"), Some("7.2.9+deb13-cloud-amd64"));
        assert_eq!(chosen("newest"), Some("7.2.13+deb14-cloud-amd64"));
        assert_eq!(chosen("7"), chosen("7.2"));
        assert_eq!(chosen("5.10"), None);
        assert_eq!(chosen("6.12.1"), None, "not 6.12.107");
    }

    #[test]
    fn of_each_series_one_is_taken() {
        let found = newest_of_each(&offered());
        let series: Vec<_> = found.iter().map(Release::series).collect();
        assert_eq!(series, [(6, 1), (6, 12), (7, 2)]);
        assert_eq!(found[1].0, "6.12.117+deb13-cloud-amd64");
    }
}
