//! A scene goes where the world goes: the same steps lead both to the same machines and messages.

use std::fmt::Write as _;

use super::bounds::Bounds;
use super::machines::Machines;
use super::parts::tables;
use super::scene::Scene;
use super::search::beginning;
use crate::action::{Action, ClientNo};
use crate::random::Random;
use crate::world::World;

/// All machines of a world, as text.
fn machines(world: &World) -> String {
    let (server, clients, oracle) = world.parts();
    let mut text = format!("{:?}\n", server.room);
    tables(&mut text, server.disk.look()).unwrap();
    for client in clients {
        writeln!(text, "{:?} {:?} {:?}", client.worker, client.waiting, client.journal).unwrap();
        writeln!(text, "{} {}", client.loads, client.starts).unwrap();
        tables(&mut text, client.log.look()).unwrap();
        tables(&mut text, client.state.look()).unwrap();
        if let Some(page) = &client.page {
            writeln!(text, "{} {} {}", page.tab, page.id, page.broken).unwrap();
            let live = page.live.as_ref().unwrap();
            writeln!(text, "{:?}", live.session).unwrap();
            tables(&mut text, &live.db).unwrap();
        }
    }
    let mut commits: Vec<String> = oracle.all().map(|known| format!("{known:?}\n")).collect();
    commits.sort();
    text + &commits.concat()
}

/// All that is on its way in a world, as text.
fn on_their_way(world: &World) -> String {
    let mut text = String::new();
    for client in world.parts().1 {
        let page = client.page.as_ref().map(|page| (&page.to_leader, &page.from_leader));
        let (to_leader, from_leader) = page.map(|(to, from)| (to.clone(), from.clone())).unwrap_or_default();
        writeln!(text, "{to_leader:?} {from_leader:?}").unwrap();
        for socket in &client.sockets {
            let (up, down) = (&socket.up, &socket.down);
            writeln!(text, "{:?} {} {up:?} {down:?}", socket.server, socket.client).unwrap();
        }
    }
    text
}

fn on_their_way_in(scene: &Scene, on: &Machines) -> String {
    let texts = |ids: &[super::intern::Id<String>]| ids.iter().map(|id| on.texts.get(*id)).cloned().collect();
    let mut text = String::new();
    for place in &scene.clients {
        let to_leader: Vec<String> = texts(&place.to_leader);
        let from_leader: Vec<_> = place.from_leader.iter().map(|id| on.to_pages.get(*id)).collect();
        writeln!(text, "{to_leader:?} {from_leader:?}").unwrap();
        for wire in &place.sockets {
            let (up, down): (Vec<String>, Vec<String>) = (texts(&wire.up), texts(&wire.down));
            let server = wire.server.map(|id| on.connections.get(id));
            writeln!(text, "{server:?} {} {up:?} {down:?}", wire.client).unwrap();
        }
    }
    text
}

fn same_steps(seed: u64, on: &mut Machines) {
    let mut random = Random::new(seed);
    let (mut world, mut scene) = (World::new(Bounds::setup()).unwrap(), Scene::beginning(on).unwrap());
    let mut commits = [0; 2];
    let mut begin = beginning().into_iter();
    let mut done = Vec::new();
    for _ in 0..60 {
        let mut actions = scene.enabled(on);
        let same: Vec<Action> =
            world.enabled().into_iter().filter(|action| !matches!(action, Action::Open { .. })).collect();
        assert_eq!(actions, same, "after {done:?}");
        for client in [ClientNo(0), ClientNo(1)] {
            if let Some(facts) = Bounds::script(client).get(commits[usize::from(client.0)]) {
                actions.push(Action::Commit { client, facts: facts.clone() });
            }
        }
        let action = begin.next().unwrap_or_else(|| random.pick(&actions).cloned().unwrap());
        if let Action::Commit { client, .. } = &action {
            if !scene.can_commit(*client, on) {
                continue;
            }
            commits[usize::from(client.0)] += 1;
        }
        done.push(action.to_string());
        assert!(world.step(&action).unwrap(), "{done:?}");
        assert!(scene.step(on, &action).unwrap(), "{done:?}");
        scene.check(on).unwrap();
        assert_eq!(on_their_way_in(&scene, on), on_their_way(&world), "after {done:?}");
        assert_eq!(
            machines(&on.world(&scene, &scene.clients.each_ref()).unwrap()),
            machines(&world),
            "after {done:?}"
        );
    }
}

#[test]
fn the_same_steps_lead_a_scene_where_they_lead_a_world() {
    let mut on = Machines::new();
    for seed in 0..20 {
        same_steps(seed, &mut on);
    }
}
