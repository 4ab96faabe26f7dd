//! Two hundred sites to judge a search by: ten families of what limits real sites, and traps where the honest answer is
//! not a capacity.

mod draw;
mod traps;

pub use traps::{Trap, trap};

use super::reference::{ReferencePoint, Saturation, reference_curve, saturation};
use super::site::{Site, SiteError};

/// What a family's sites have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Processor sharing, service times of any spread, up to three classes.
    Shared,
    /// First come first served, exponential service, 1 to 64 servers a tier.
    MultiServer,
    /// First come first served, service times with a cv of 0.5 to 3.
    Variable,
    /// The limiting tier slows down as it gets busy.
    Turbo,
    /// Every job on the limiting tier slows the others.
    Coherency,
    /// The limiting tier gains from work in groups.
    Batching,
    /// Threads run out before any processor does.
    PoolLimited,
    /// Beyond a concurrency the limiting tier gets slower with every job.
    Thrashing,
    /// Work costs more at first.
    ColdStart,
    /// The limiting tier stops from time to time.
    Pauses,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Shared,
        Self::MultiServer,
        Self::Variable,
        Self::Turbo,
        Self::Coherency,
        Self::Batching,
        Self::PoolLimited,
        Self::Thrashing,
        Self::ColdStart,
        Self::Pauses,
    ];

    /// The name that tables show.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::MultiServer => "multi-server",
            Self::Variable => "variable",
            Self::Turbo => "turbo",
            Self::Coherency => "coherency",
            Self::Batching => "batching",
            Self::PoolLimited => "pool-limited",
            Self::Thrashing => "thrashing",
            Self::ColdStart => "cold start",
            Self::Pauses => "pauses",
        }
    }
}

/// A site of a family.
#[derive(Debug, Clone, PartialEq)]
pub struct FamilySite {
    /// Its family.
    pub family: Family,
    /// Its number in the family.
    pub number: u32,
    /// The site. Stations that are no delay are processors that a profiler sees.
    pub site: Site,
}

impl FamilySite {
    /// The site with this number of a family drawn from `seed`: the same at every call.
    #[must_use]
    pub fn draw(family: Family, number: u32, seed: u64) -> Self {
        Self {
            family,
            number,
            site: draw::site(family, number, seed),
        }
    }

    /// Indices of the stations that a profiler sees, each with its number of servers.
    #[must_use]
    pub fn profiled(&self) -> Vec<(usize, u32)> {
        let stations = self.site.stations.iter().enumerate();
        stations
            .filter_map(|(index, station)| Some((index, station.servers()?)))
            .collect()
    }

    /// The true saturation point. All families but the pauses have it without simulation; those need `seconds` of it for
    /// the response time of a lone user.
    ///
    /// # Errors
    /// None for a drawn site; one that has been changed may be beyond simulation.
    pub fn saturation(&self, seconds: f64, seed: u64) -> Result<Option<Saturation>, SiteError> {
        saturation(&self.site, seconds, seed)
    }

    /// The true curve at these numbers of users, by [`reference_curve`].
    ///
    /// # Errors
    /// As [`Self::saturation`].
    pub fn curve(&self, users: &[u32], seconds: f64, seed: u64) -> Result<Vec<ReferencePoint>, SiteError> {
        reference_curve(&self.site, users, seconds, seed)
    }
}

/// The first `per_family` sites of every family; 20 make the two hundred.
#[must_use]
pub fn families(per_family: u32, seed: u64) -> Vec<FamilySite> {
    let of_family = |family| (0..per_family).map(move |number| FamilySite::draw(family, number, seed));
    Family::ALL.into_iter().flat_map(of_family).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::{Discipline, Simulator};

    #[test]
    fn two_hundred_sites_are_valid_different_and_the_same_again() {
        let sites = families(20, 1);
        assert_eq!(sites.len(), 200);
        assert_eq!(sites, families(20, 1));
        assert_ne!(sites, families(20, 2));
        for (index, drawn) in sites.iter().enumerate() {
            assert_eq!(
                drawn.site.validate(),
                Ok(()),
                "{} {}",
                drawn.family.name(),
                drawn.number
            );
            assert!(sites[..index].iter().all(|other| other.site != drawn.site));
        }
        let names: std::collections::HashSet<_> = Family::ALL.map(Family::name).into();
        assert_eq!(names.len(), Family::ALL.len());
    }

    #[test]
    fn the_sites_span_what_they_promise() {
        let sites = families(20, 1);
        let tiers = |count: usize| sites.iter().any(|drawn| drawn.profiled().len() == count);
        assert!((1..=4).all(tiers));
        let servers: Vec<u32> = sites
            .iter()
            .flat_map(|d| d.profiled())
            .map(|(_, servers)| servers)
            .collect();
        assert!(servers.iter().min() == Some(&1) && servers.iter().any(|servers| *servers > 40));
        assert!(servers.iter().all(|servers| *servers <= 64));
        let ratio = |drawn: &FamilySite| {
            let demand_s: f64 = drawn.site.demands_s().unwrap().iter().sum();
            drawn.site.think_time_s().unwrap() / demand_s
        };
        let ratios: Vec<f64> = sites.iter().map(ratio).collect();
        assert!(
            ratios.contains(&0.0) && ratios.iter().any(|r| *r > 300.0),
            "{ratios:?}"
        );
        assert!(ratios.iter().all(|ratio| *ratio <= 1000.0 * (1.0 + 1e-9)));
        let kind = |shared: bool| {
            let stations = sites.iter().flat_map(|drawn| &drawn.site.stations);
            stations
                .filter(|s| matches!(s.discipline, Discipline::ProcessorSharing { .. }) == shared)
                .count()
        };
        assert!(kind(true) > 100 && kind(false) > 100);
    }

    #[test]
    fn every_site_has_a_saturation_point_in_reach() {
        for drawn in families(20, 1) {
            let what = format!("{} {}", drawn.family.name(), drawn.number);
            let found = drawn
                .saturation(200.0, 1)
                .unwrap()
                .unwrap_or_else(|| panic!("{what}"));
            assert!((2.0..=6_000.0).contains(&found.users), "{what}: {found:?}");
            assert!(found.max_throughput_per_s <= 3_000.0, "{what}: {found:?}");
            if drawn.family != Family::Pauses {
                let demand_s: f64 = drawn.site.demands_s().unwrap().iter().sum();
                assert!((found.light_response_s / demand_s - 1.0).abs() < 1e-12, "{what}");
            }
            let falls = matches!(drawn.family, Family::Coherency | Family::Thrashing);
            assert_eq!(found.retrograde, falls, "{what}");
        }
    }

    #[test]
    fn the_truth_is_what_the_simulator_shows() {
        // Where the limit is not a law of the exact network, it is compared with a site driven into saturation.
        for family in [Family::PoolLimited, Family::Pauses, Family::Variable] {
            for number in 0..4 {
                let drawn = FamilySite::draw(family, number, 3);
                let found = drawn.saturation(2_000.0, 1).unwrap().unwrap();
                let users = (4.0 * found.users) as u32 + 50;
                let seconds = (40_000.0 / found.max_throughput_per_s).max(200.0);
                let point = drawn.curve(&[users], seconds, 5).unwrap()[0];
                assert!(!point.exact);
                let ratio = point.throughput_per_s.value / found.max_throughput_per_s;
                assert!((ratio - 1.0).abs() < 0.03, "{} {number}: {ratio}", family.name());
            }
        }
    }

    /// Throughput over 200 s at `users` after `before`, so much over the mean of both.
    fn throughput_coming_from(site: &Site, before: u32, users: u32) -> f64 {
        let mut simulator = Simulator::new(site, 1).unwrap();
        let mut served = 0;
        simulator.set_users(before);
        simulator.run_until(300.0, |_| {});
        simulator.set_users(users);
        simulator.run_until(600.0, |_| {});
        simulator.run_until(800.0, |_| served += 1);
        f64::from(served) / 200.0
    }

    #[test]
    fn only_the_trap_depends_on_where_the_load_came_from() {
        let difference = |site: &Site, users: f64| {
            let users = users as u32;
            let (up, down) = (
                throughput_coming_from(site, 1, users),
                throughput_coming_from(site, 3 * users, users),
            );
            (up - down) / up
        };
        let trap = trap(Trap::Metastable, 1);
        let demand_s = trap.demands_s().unwrap();
        let cycle_s = trap.think_time_s().unwrap() + demand_s.iter().sum::<f64>();
        assert!(difference(&trap, 0.85 * 4.0 / demand_s[1] * cycle_s) > 0.2);
        for number in 0..6 {
            for family in [Family::Thrashing, Family::Coherency] {
                let drawn = FamilySite::draw(family, number, 1);
                let found = drawn.saturation(1.0, 1).unwrap().unwrap();
                let got = difference(&drawn.site, 0.95 * found.users);
                assert!(got.abs() < 0.05, "{} {number}: {got}", family.name());
            }
        }
    }

    #[test]
    fn traps_are_valid_and_do_what_they_are_called() {
        for kind in Trap::ALL {
            let site = trap(kind, 1);
            assert_eq!(site.validate(), Ok(()), "{kind:?}");
            let mut simulator = Simulator::new(&site, 1).unwrap();
            simulator.set_users(1);
            simulator.run_until(2_000.0, |_| {});
            let fails = matches!(kind, Trap::FailsAtOnce | Trap::TooSlowAtOnce);
            assert_eq!(simulator.counters().served == 0, fails, "{kind:?}");
        }
    }
}
