//! tmp
use syncline_engine::Model;
fn main() {
    println!("{}", serde_json::to_string_pretty(&schemars::schema_for!(<chat_model::Chat as Model>::Event)).unwrap());
    println!("{}", serde_json::to_string_pretty(&syncline_engine::protocol::message_schema()).unwrap());
}
