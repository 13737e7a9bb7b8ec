//! What is tormented: an API, three workers and their database.
#![expect(clippy::disallowed_methods, reason = "faults come at times of the machine")]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use fixtures::postgres::Postgres;
use tokio::runtime::Handle;

use super::Plan;
use super::dice::Dice;
use super::recovery::Recoveries;
use crate::harness::fleet::{Fleet, Process};
use crate::harness::producer::Producer;

const WORKERS: [&str; 3] = ["first", "second", "third"];
const LOOK: Duration = Duration::from_millis(20);
const LOOKS_FOR_A_JOB: u32 = 50;
const QUIET_AT_MOST: Duration = Duration::from_secs(20);

pub struct Arena {
    fleet: Fleet,
    server: Option<Postgres>,
    api: Option<Process>,
    base: String,
    secret: String,
    workers: Vec<Hand>,
    injected: Injected,
}

/// A worker that may be dead or frozen for a while.
struct Hand {
    name: &'static str,
    state: HandState,
}

enum HandState {
    Works(Process),
    Frozen(Process, Instant),
    Dead(Instant),
}

/// How many of each.
#[derive(Clone, Copy, Default, Debug)]
pub struct Injected {
    workers_killed: usize,
    workers_frozen: usize,
    apis_killed: usize,
    databases_killed: usize,
}

impl Injected {
    pub fn total(self) -> usize {
        self.workers_killed + self.workers_frozen + self.apis_killed + self.databases_killed
    }
}

impl Arena {
    pub fn open(folder: &Path, database: String, server: Option<Postgres>) -> Self {
        let fleet = Fleet::new(folder, database);
        let (api, producer) = fleet.api();
        let hand = |name| Hand { name, state: HandState::Works(fleet.worker(name)) };
        let workers = WORKERS.map(hand).into();
        let (base, secret) = (producer.base.clone(), producer.secret);
        Self { fleet, server, api: Some(api), base, secret, workers, injected: Injected::default() }
    }

    pub fn producer(&self) -> Producer {
        Producer::known(&self.base, &self.secret)
    }

    pub fn injected(&self) -> Injected {
        self.injected
    }

    pub fn database_kind(&self) -> &'static str {
        if self.server.is_some() { "PostgreSQL" } else { "SQLite" }
    }

    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Injects fault after fault until all is over and there were enough of them; then heals everything.
    pub fn torment(
        mut self,
        plan: Plan,
        is_over: &AtomicBool,
        recoveries: &Recoveries,
        now: &Handle,
    ) -> Self {
        let mut dice = Dice::new(plan.seed);
        while self.injected.total() < plan.faults || !is_over.load(Ordering::Relaxed) {
            sleep(dice.between(50, 1500));
            self.heal(Instant::now());
            match dice.below(20) {
                0..=8 => self.kill_worker(&mut dice, recoveries, now),
                9..=13 => self.freeze_worker(&mut dice, recoveries),
                14..=16 => self.kill_api(&mut dice, recoveries),
                _ => self.kill_database(&mut dice, recoveries),
            }
        }
        self.heal(Instant::now() + Duration::from_secs(3600));
        self
    }

    /// Brings back whose time has come.
    fn heal(&mut self, now: Instant) {
        for hand in &mut self.workers {
            hand.state = match std::mem::replace(&mut hand.state, HandState::Dead(now)) {
                HandState::Frozen(process, until) if until <= now => {
                    process.thaw();
                    HandState::Works(process)
                }
                HandState::Dead(until) if until <= now => HandState::Works(self.fleet.worker(hand.name)),
                other => other,
            };
        }
    }

    /// One that works, while another stays that can take over.
    fn victim(&mut self, dice: &mut Dice) -> Option<usize> {
        let works = |hand: &Hand| matches!(hand.state, HandState::Works(_));
        let works: Vec<usize> = (0..self.workers.len()).filter(|n| works(&self.workers[*n])).collect();
        (works.len() > 1).then(|| works[dice.below(works.len())])
    }

    fn kill_worker(&mut self, dice: &mut Dice, recoveries: &Recoveries, now: &Handle) {
        let Some(victim) = self.victim(dice) else { return };
        let name = self.workers[victim].name;
        // Better while it has a job in hand.
        let mut rendered = self.rendered_by(name);
        for _ in 0..LOOKS_FOR_A_JOB {
            if rendered.is_empty() {
                sleep(LOOK);
                rendered = self.rendered_by(name);
            }
        }
        let back = Instant::now() + dice.between(0, 4000);
        if let HandState::Works(process) =
            std::mem::replace(&mut self.workers[victim].state, HandState::Dead(back))
        {
            let killed = Instant::now();
            process.kill();
            recoveries.watch(rendered, killed, now);
            self.injected.workers_killed += 1;
        }
        // Every other time nothing else dies until its job runs again: that is what the promise is about.
        let quiet = if dice.below(2) == 0 { QUIET_AT_MOST } else { Duration::ZERO };
        let began = Instant::now();
        while began.elapsed() < quiet && !recoveries.are_complete() {
            sleep(LOOK);
        }
    }

    /// Up to well beyond the end of its lease, so that it wakes up as somebody whose job is another's.
    fn freeze_worker(&mut self, dice: &mut Dice, recoveries: &Recoveries) {
        let Some(victim) = self.victim(dice) else { return };
        let until = Instant::now() + dice.between(500, 15_000);
        recoveries.expect_hits(&self.rendered_by(self.workers[victim].name));
        let hand = &mut self.workers[victim];
        hand.state = match std::mem::replace(&mut hand.state, HandState::Dead(until)) {
            HandState::Works(process) => {
                process.freeze();
                HandState::Frozen(process, until)
            }
            other => other,
        };
        self.injected.workers_frozen += 1;
    }

    fn kill_api(&mut self, dice: &mut Dice, recoveries: &Recoveries) {
        recoveries.disturb();
        if let Some(api) = self.api.take() {
            api.kill();
        }
        sleep(dice.between(0, 1000));
        self.api = Some(self.fleet.api_at(&self.base));
        self.injected.apis_killed += 1;
    }

    fn kill_database(&mut self, dice: &mut Dice, recoveries: &Recoveries) {
        let Some(server) = &self.server else { return };
        recoveries.disturb();
        server.kill();
        sleep(dice.between(0, 1500));
        server.resume();
        self.injected.databases_killed += 1;
    }

    /// What a worker has in hand, as its scratch folder says.
    fn rendered_by(&self, name: &str) -> Vec<String> {
        let attempts = Path::new(&self.fleet.scratch(name)).join("attempts");
        let names = fs::read_dir(attempts).into_iter().flatten().flatten().map(|entry| entry.file_name());
        // A folder is called after the job and the fence.
        names.filter_map(|name| Some(name.to_str()?.rsplit_once('-')?.0.to_owned())).collect()
    }
}
