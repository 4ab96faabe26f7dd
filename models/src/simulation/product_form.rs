//! The exact counterpart of a simulated site, where there is one.

use super::effect::load_speed;
use super::site::{Class, Discipline, Effect, Site, Station, Step};
use crate::distribution::Distribution;
use crate::queueing::{ClosedNetwork, Station as Centre, StationKind};

impl Site {
    /// Share of each class in the transactions of an endless walk: stationary probabilities of the graph closed from Exit
    /// to Entry, by elimination without subtraction (Grassmann, Taksar & Heyman 1985). `None` where the walk can end up in
    /// one of several parts for ever, so that the mix is a matter of chance.
    #[must_use]
    pub fn mix(&self) -> Option<Vec<f64>> {
        let lasting = self.lasting_classes()?;
        let mut chain: Vec<Vec<f64>> = lasting
            .iter()
            .map(|&from| {
                lasting
                    .iter()
                    .map(|&to| self.step_probability(from, to))
                    .collect()
            })
            .collect();
        let weights = stationary(&mut chain)?;
        let sum: f64 = weights.iter().sum();
        let mut mix = vec![0.0; self.classes.len()];
        for (&class, weight) in lasting.iter().zip(weights) {
            mix[class] = weight / sum;
        }
        Some(mix)
    }

    /// Probability that class `to` follows class `from`, in the same session or as the first of the next.
    fn step_probability(&self, from: usize, to: usize) -> f64 {
        let exit = (1.0 - self.rows[from].iter().sum::<f64>()).max(0.0);
        self.rows[from][to] + exit * self.entry[to]
    }

    /// Classes to which an endless walk comes again and again, if they are one set.
    fn lasting_classes(&self) -> Option<Vec<usize>> {
        let first = (0..self.entry.len())
            .filter(|&class| self.entry[class] > 0.0)
            .collect();
        let all = self.reached_from(first);
        let after = |class: &usize| self.reached_from(vec![*class]);
        let mut lasting = all.iter().map(after).min_by_key(Vec::len)?;
        lasting.sort_unstable();
        all.iter()
            .map(after)
            .all(|reached| lasting.iter().all(|class| reached.contains(class)))
            .then_some(lasting)
    }

    fn reached_from(&self, mut reached: Vec<usize>) -> Vec<usize> {
        let mut next = 0;
        while let Some(&from) = reached.get(next) {
            next += 1;
            for to in 0..self.entry.len() {
                if self.step_probability(from, to) > 0.0 && !reached.contains(&to) {
                    reached.push(to);
                }
            }
        }
        reached
    }

    /// Mean demand of a transaction of the mix on each station at speed 1, s.
    #[must_use]
    pub fn demands_s(&self) -> Option<Vec<f64>> {
        let mut demands_s = vec![0.0; self.stations.len()];
        for (class, share) in self.classes.iter().zip(self.mix()?) {
            for (station, demand) in visits(class) {
                demands_s[station] += share * demand.mean();
            }
        }
        Some(demands_s)
    }

    /// Mean think time before a transaction of the mix, s.
    #[must_use]
    pub fn think_time_s(&self) -> Option<f64> {
        let shares = self.mix()?;
        Some(
            self.classes
                .iter()
                .zip(shares)
                .map(|(class, share)| share * class.think.mean())
                .sum(),
        )
    }

    /// The closed network whose steady state is exactly this site's for up to `max_users` users (Baskett, Chandy, Muntz &
    /// Palacios 1975), or `None`: pools, time limits, a limited generator, effects other than those of load, and first come
    /// first served with another law than one exponential for all have no such counterpart.
    #[must_use]
    pub fn product_form(&self, max_users: u32) -> Option<ClosedNetwork> {
        let plain = |class: &Class| {
            let pools = class.route.iter().any(|step| !matches!(step, Step::Visit { .. }));
            !pools && class.timeout_s.is_none()
        };
        let of_load = |station: &Station| station.effects.iter().all(Effect::is_load);
        if self.generator.is_some() || !self.classes.iter().all(plain) || !self.stations.iter().all(of_load) {
            return None;
        }
        let centres = self.stations.iter().enumerate().zip(self.demands_s()?);
        let stations = centres.map(|((index, station), demand_s)| {
            (self.is_insensitive(index) || self.is_exponential(index)).then(|| Centre {
                name: station.name.clone(),
                demand_s,
                kind: kind(station, max_users),
            })
        });
        Some(ClosedNetwork {
            stations: stations.collect::<Option<_>>()?,
            think_time_s: self.think_time_s()?,
        })
    }

    fn is_insensitive(&self, station: usize) -> bool {
        !matches!(self.stations[station].discipline, Discipline::Fcfs { .. })
    }

    /// Whether every visit to the station has one and the same exponential law.
    fn is_exponential(&self, station: usize) -> bool {
        let mut laws = self
            .classes
            .iter()
            .flat_map(visits)
            .filter(|(visited, _)| *visited == station)
            .map(|(_, law)| law);
        let first = laws.next();
        matches!(first, None | Some(Distribution::Exponential { .. })) && laws.all(|law| Some(law) == first)
    }
}

fn visits(class: &Class) -> impl Iterator<Item = (usize, &Distribution)> {
    class.route.iter().filter_map(|step| match step {
        Step::Visit { station, demand } => Some((*station, demand)),
        Step::Take(_) | Step::Return(_) => None,
    })
}

/// Service rate of a station with its load effects, as the solver wants it.
fn kind(station: &Station, max_users: u32) -> StationKind {
    match (station.servers(), station.effects.is_empty()) {
        (Some(servers), true) => StationKind::Queueing { servers },
        (None, true) => StationKind::Delay,
        (servers, false) => StationKind::LoadDependent(
            (1..=max_users.max(1))
                .map(|jobs| f64::from(jobs.min(servers.unwrap_or(jobs))) * load_speed(&station.effects, jobs))
                .collect(),
        ),
    }
}

/// Stationary weights of an irreducible chain, with the first state's as 1; `None` if it is not irreducible.
fn stationary(chain: &mut [Vec<f64>]) -> Option<Vec<f64>> {
    let states = chain.len();
    for state in (1..states).rev() {
        let out: f64 = chain[state][..state].iter().sum();
        if out <= 0.0 {
            return None;
        }
        let (before, rest) = chain.split_at_mut(state);
        for row in before {
            let through = row[state] / out;
            row[state] = through;
            for (direct, onward) in row[..state].iter_mut().zip(&rest[0]) {
                *direct += through * onward;
            }
        }
    }
    let mut weights = vec![1.0; states];
    for state in 1..states {
        weights[state] = (0..state).map(|from| weights[from] * chain[from][state]).sum();
    }
    Some(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site_of(rows: Vec<Vec<f64>>, entry: Vec<f64>) -> Site {
        let class = |mean| {
            Class::new(
                "",
                vec![Step::visit(0, Distribution::Exponential { mean })],
                Distribution::Constant(1.0),
            )
        };
        Site {
            stations: vec![Station::sharing("cpu", 2)],
            classes: (0..entry.len())
                .map(|index| class(0.1 * (index + 1) as f64))
                .collect(),
            entry,
            rows,
            ..Site::default()
        }
    }

    #[test]
    fn mix_of_the_manuals_graph() {
        let rows = vec![vec![0.4, 0.2, 0.1], vec![0.3, 0.3, 0.3], vec![0.3, 0.4, 0.3]];
        let mut site = site_of(rows, vec![0.0, 1.0, 0.0]);
        let mix = site.mix().unwrap();
        assert!(
            mix.iter()
                .zip([1.0 / 3.0, 13.0 / 30.0, 7.0 / 30.0])
                .all(|(got, want)| (got - want).abs() < 1e-12)
        );
        site.entry = vec![0.0, 0.0, 1.0];
        site.rows = vec![vec![0.0; 3]; 3];
        assert_eq!(site.mix(), Some(vec![0.0, 0.0, 1.0]));
        // A log-in that never comes again has no share in the long run.
        site.rows = vec![vec![0.25, 0.75, 0.0], vec![0.75, 0.25, 0.0], vec![1.0, 0.0, 0.0]];
        assert_eq!(site.mix(), Some(vec![0.5, 0.5, 0.0]));
    }

    #[test]
    fn a_walk_with_a_trap_has_no_mix_of_its_own() {
        let two_traps = site_of(vec![vec![1.0, 0.0], vec![0.0, 1.0]], vec![0.5, 0.5]);
        assert_eq!(two_traps.mix(), None);
        assert_eq!(two_traps.product_form(3), None);
    }

    #[test]
    fn only_what_has_product_form_is_given_a_network() {
        let shared = site_of(vec![vec![0.0; 2]; 2], vec![0.5, 0.5]);
        let network = shared.product_form(10).unwrap();
        assert!((network.stations[0].demand_s - 0.15).abs() < 1e-15 && network.think_time_s == 1.0);
        let mut fcfs = shared.clone();
        fcfs.stations[0].discipline = Discipline::Fcfs { servers: 2 };
        assert_eq!(fcfs.product_form(10), None, "two classes of different means");
        fcfs.classes[1] = fcfs.classes[0].clone();
        assert!(fcfs.product_form(10).is_some());
        for change in [
            (|s: &mut Site| s.classes[0].timeout_s = Some(1.0)) as fn(&mut Site),
            |s| s.stations[0].effects.push(Effect::Leak { per_minute: 0.1 }),
            |s| {
                s.pools.push(super::super::Pool::new("lock", 1));
                s.classes[0].route = vec![Step::Take(0), Step::Return(0)];
            },
        ] {
            let mut changed = shared.clone();
            change(&mut changed);
            assert_eq!(changed.product_form(10), None);
        }
        let coherent = {
            let mut site = shared;
            site.stations[0] = Station::sharing("cpu", 2).with(Effect::Coherency { per_job: 0.5 });
            site.product_form(3).unwrap()
        };
        let rates: Vec<f64> = (1..=3).map(|jobs| coherent.stations[0].rate(jobs)).collect();
        assert!(
            rates
                .iter()
                .zip([1.0, 2.0 / 1.5, 1.0])
                .all(|(got, want)| (got - want).abs() < 1e-12)
        );
    }
}
