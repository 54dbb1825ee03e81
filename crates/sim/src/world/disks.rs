//! What happens to disks, and to the machines that they are in.

use super::{World, host};
use crate::action::{ClientNo, DiskNo};
use crate::disk::{Disk, Point, Trouble};
use crate::oracle::Violation;
use crate::tally::Event;

impl World {
    fn disk(&mut self, no: DiskNo) -> Option<&mut Disk> {
        match no {
            DiskNo::Room => Some(&mut self.server.disk),
            DiskNo::Log(client) => self.client(client).map(|client| &mut client.log),
            DiskNo::State(client) => self.client(client).map(|client| &mut client.state),
        }
    }

    /// All points of each database since this was last asked.
    pub(crate) fn note_points(&mut self) -> Vec<(DiskNo, Vec<Point>)> {
        let clients =
            self.clients.iter().flat_map(|client| [DiskNo::Log(client.no), DiskNo::State(client.no)]);
        let all: Vec<DiskNo> = std::iter::once(DiskNo::Room).chain(clients).collect();
        all.into_iter().filter_map(|no| Some((no, self.disk(no)?.note_points()))).collect()
    }

    /// Kills the process of a database at a point.
    pub(crate) fn kill_at(&mut self, no: DiskNo, point: Point) {
        if let Some(disk) = self.disk(no) {
            disk.swear(point);
        }
    }

    pub(super) fn plan(&mut self, no: DiskNo, after: u8, trouble: Trouble) -> bool {
        let Some(disk) = self.disk(no).filter(|disk| !disk.has_plan()) else { return false };
        disk.plan(u32::from(after), trouble);
        true
    }

    pub(super) fn fill(&mut self, no: DiskNo) -> bool {
        let Some(disk) = self.disk(no).filter(|disk| !disk.is_full()) else { return false };
        disk.set_full(true);
        true
    }

    pub(super) fn heal_disks(&mut self) {
        self.server.disk.heal();
        for client in &mut self.clients {
            client.log.heal();
            client.state.heal();
        }
    }

    /// Counts the troubles that have come since this was last done. A kill is counted when its process ends.
    pub(super) fn count_troubles(&mut self) {
        let clients = self.clients.iter().flat_map(|client| [&client.log, &client.state]);
        let disks = std::iter::once(&self.server.disk).chain(clients);
        let (mut full, mut failed) = (0, 0);
        for disk in disks {
            full += u64::from(disk.happened(Trouble::Full));
            failed += u64::from(disk.happened(Trouble::Error));
        }
        for (event, total) in [(Event::NoRoom, full), (Event::WritesFailed, failed)] {
            self.tally.add_many(event, total - self.tally.count(event));
        }
    }

    pub(super) fn free(&mut self, no: DiskNo) -> bool {
        let Some(disk) = self.disk(no).filter(|disk| disk.is_full()) else { return false };
        disk.set_full(false);
        true
    }

    pub(super) fn damage(&mut self, no: ClientNo) -> Result<bool, Violation> {
        let Some(client) = self.client(no) else { return Ok(false) };
        let done = client.damage().map_err(host)?;
        if done {
            self.tally.add(Event::Damages);
        }
        Ok(done)
    }

    pub(super) fn sync(&mut self, no: ClientNo) -> Result<bool, Violation> {
        let commits = self.oracle.commits.len();
        let Some(client) = self.client(no).filter(|client| !client.has_unheard()) else { return Ok(false) };
        client.sync(commits).map_err(host)?;
        Ok(true)
    }

    pub(super) fn lose_power(&mut self, no: ClientNo, log: u8, state: u8) -> Result<bool, Violation> {
        let Some(client) = self.client(no) else { return Ok(false) };
        let lost = client.lose_power(usize::from(log), usize::from(state)).map_err(host)?;
        let Some(since) = lost else { return Ok(false) };
        for commit in self.oracle.commits.iter_mut().skip(since).filter(|commit| commit.client == no) {
            commit.excused = true;
        }
        self.tally.add(Event::PowerLosses);
        Ok(true)
    }

    pub(super) fn clone_client(&mut self, from: ClientNo, to: ClientNo) -> Result<bool, Violation> {
        let Ok([from, to]) = self.clients.get_disjoint_mut([usize::from(from.0), usize::from(to.0)]) else {
            return Ok(false);
        };
        // What a page has committed a moment ago, and its leader has not heard of, gets its counters once here
        // and once in the copy.
        if from.has_unheard() {
            return Ok(false);
        }
        let log = from.log.database().serialize().map_err(host)?;
        let state = from.state.database().serialize().map_err(host)?;
        // What the other client had is gone with its disk.
        let lost = to.no;
        to.become_copy(&log, &state, from).map_err(host)?;
        for commit in self.oracle.commits.iter_mut().filter(|commit| commit.client == lost) {
            commit.excused = true;
        }
        self.tally.add(Event::Clones);
        Ok(true)
    }
}
