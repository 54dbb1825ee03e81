//! Who may do what in the workspace, and who may come into it.

use serde_json::{Value as Json, json};

use crate::world::{NOW, World, text};

/// Ada is the owner, Grace is an admin, Eve is neither.
fn world() -> World {
    let mut world = World::with_a_channel();
    world.accepts("ada", "roleGiven", role("grace", "admin"));
    world.accepts("eve", "personJoined", json!({ "name": "Eve" }));
    world
}

fn role(person: &str, role: &str) -> Json {
    json!({ "person": person, "role": role })
}

fn invite_only(is: bool) -> Json {
    json!({ "name": "Acme", "inviteOnly": is })
}

fn join(name: &str, invite: &str) -> Json {
    json!({ "name": name, "invite": invite })
}

#[test]
fn the_first_who_comes_is_the_owner_and_stays_it() {
    let mut world = World::with_a_channel();
    world.accepts("ada", "personJoined", json!({ "name": "Countess" }));
    let roles = world.rows("SELECT id, role FROM people ORDER BY id");
    assert_eq!(roles, [[text("ada"), text("owner")], [text("grace"), text("member")]]);
}

#[test]
fn admins_make_admins_and_owners_make_owners() {
    let mut world = world();
    world.rejects("eve", "roleGiven", role("eve", "admin"), "not-an-admin");
    world.rejects("nobody", "roleGiven", role("eve", "admin"), "not-joined");
    world.rejects("grace", "roleGiven", role("nobody", "admin"), "no-such-person");
    world.rejects("grace", "roleGiven", role("ada", "member"), "not-an-owner");
    world.rejects("grace", "roleGiven", role("grace", "owner"), "not-an-owner");
    world.accepts("grace", "roleGiven", role("eve", "admin"));
    world.accepts("eve", "roleGiven", role("grace", "member"));
    world.rejects("grace", "roleGiven", role("eve", "member"), "not-an-admin");
}

#[test]
fn there_is_always_an_owner() {
    let mut world = world();
    world.rejects("ada", "roleGiven", role("ada", "member"), "last-owner");
    world.accepts("ada", "roleGiven", role("grace", "owner"));
    world.accepts("ada", "roleGiven", role("ada", "member"));
    world.rejects("grace", "roleGiven", role("grace", "admin"), "last-owner");
}

#[test]
fn only_an_admin_changes_the_workspace() {
    let mut world = world();
    world.rejects("eve", "workspaceChanged", invite_only(true), "not-an-admin");
    world.rejects("eve", "inviteCreated", json!({ "code": "come-to-us" }), "not-an-admin");
    world.accepts("grace", "workspaceChanged", invite_only(true));
    world.accepts("ada", "workspaceChanged", json!({ "inviteOnly": false }));
    world.rejects("ada", "workspaceChanged", json!({ "name": " ", "inviteOnly": false }), "constraint-check");
    assert_eq!(world.count("SELECT count(*) FROM workspace WHERE name IS NULL AND invite_only = 0"), 1);
}

#[test]
fn by_invitation_only_who_has_an_invite_comes_in() {
    let mut world = world();
    world.accepts("ada", "workspaceChanged", invite_only(true));
    world.accepts("ada", "inviteCreated", json!({ "code": "come-to-us" }));
    world.rejects("bob", "personJoined", json!({ "name": "Bob" }), "bad-invite");
    world.rejects("bob", "personJoined", join("Bob", "come-to-me"), "bad-invite");
    world.accepts("bob", "personJoined", join("Bob", "come-to-us"));
    // Who is in needs none for another name.
    world.accepts("eve", "personJoined", json!({ "name": "Eva" }));
}

#[test]
fn an_invite_is_good_for_so_many_people() {
    let mut world = world();
    world.accepts("ada", "workspaceChanged", invite_only(true));
    world.accepts("ada", "inviteCreated", json!({ "code": "come-to-us", "uses": 2 }));
    world.accepts("bob", "personJoined", join("Bob", "come-to-us"));
    world.accepts("bob", "personJoined", join("Robert", "come-to-us"));
    world.accepts("cyd", "personJoined", join("Cyd", "come-to-us"));
    world.rejects("dan", "personJoined", join("Dan", "come-to-us"), "bad-invite");
    assert_eq!(world.count("SELECT uses_left FROM invites"), 0);
}

#[test]
fn an_invite_is_good_until_it_expires_or_is_revoked() {
    let mut world = world();
    world.accepts("ada", "workspaceChanged", invite_only(true));
    world.accepts("ada", "inviteCreated", json!({ "code": "too-late", "expiresAt": NOW }));
    world.accepts("ada", "inviteCreated", json!({ "code": "just-in-time", "expiresAt": NOW + 1 }));
    world.rejects("bob", "personJoined", join("Bob", "too-late"), "bad-invite");
    world.accepts("bob", "personJoined", join("Bob", "just-in-time"));

    world.rejects("eve", "inviteRevoked", json!({ "code": "just-in-time" }), "not-an-admin");
    world.accepts("grace", "inviteRevoked", json!({ "code": "just-in-time" }));
    world.rejects("grace", "inviteRevoked", json!({ "code": "just-in-time" }), "bad-invite");
    world.rejects("cyd", "personJoined", join("Cyd", "just-in-time"), "bad-invite");
}

#[test]
fn the_code_of_an_invite_is_unique_and_has_8_to_64_characters() {
    let mut world = world();
    for code in ["seven77".to_owned(), "x".repeat(65)] {
        world.rejects("ada", "inviteCreated", json!({ "code": code }), "constraint-check");
    }
    world.accepts("ada", "inviteCreated", json!({ "code": "x".repeat(64) }));
    world.rejects("grace", "inviteCreated", json!({ "code": "x".repeat(64) }), "constraint-unique");
}
