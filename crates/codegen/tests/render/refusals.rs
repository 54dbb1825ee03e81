//! What has no exact TypeScript is refused, and the error says where it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syncline_codegen::{CodegenError, render};

use crate::model;

macro_rules! refused {
    ($event:item, $error:pat, $message:literal) => {{
        #[derive(Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "name", content = "args", rename_all = "camelCase", rename_all_fields = "camelCase")]
        $event
        model!(Small, E, "");
        let error = render::<Small>("Small").unwrap_err();
        assert!(matches!(error, $error), "{error:?}");
        assert!(error.to_string().contains($message), "{error}");
    }};
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Total(u64);

#[derive(Serialize, Deserialize, JsonSchema)]
struct Money {
    cents: Vec<Option<i64>>,
}

#[test]
fn an_integer_beyond_2_to_the_53_is_refused_by_name() {
    refused!(
        enum E {
            Paid { amount: u64 },
        },
        CodegenError::IntegerTooWide { .. },
        "paid.amount is an integer of uint64"
    );
    refused!(
        enum E {
            Paid { in_total: Total },
        },
        CodegenError::IntegerTooWide { .. },
        "paid.inTotal is an integer of uint64"
    );
    refused!(
        enum E {
            Paid { money: Option<Money> },
        },
        CodegenError::IntegerTooWide { .. },
        "paid.money.cents[] is an integer of int64"
    );
    refused!(
        enum E {
            Paid { bytes: usize },
        },
        CodegenError::IntegerTooWide { .. },
        "paid.bytes is an integer of uint"
    );
    refused!(
        enum E {
            Paid {
                #[schemars(range(max = 9_007_199_254_740_992_u64))]
                amount: u64,
            },
        },
        CodegenError::IntegerTooWide { .. },
        "paid.amount is an integer of uint64"
    );
    refused!(
        enum E {
            Paid {
                #[schemars(range(max = 10))]
                amount: i64,
            },
        },
        CodegenError::IntegerTooWide { .. },
        "paid.amount is an integer of int64"
    );
}

#[test]
fn a_schema_of_an_unknown_construct_is_refused() {
    refused!(
        enum E {
            Sent {
                #[schemars(extend("not" = { "type": "null" }))]
                to: String,
            },
        },
        CodegenError::Unsupported { .. },
        "sent.to: the JSON Schema has the keyword not"
    );
    refused!(
        enum E {
            Sent {
                #[schemars(extend("type" = "date"))]
                at: String,
            },
        },
        CodegenError::Unsupported { .. },
        "sent.at: the JSON Schema has the type \"date\""
    );
    refused!(
        enum E {
            Sent {
                #[schemars(extend("$ref" = "https://example.com/a"))]
                at: String,
            },
        },
        CodegenError::NoSuchDefinition { .. },
        "sent.at: the JSON Schema refers to \"https://example.com/a\""
    );
    refused!(
        enum E {
            Sent { counts: std::collections::BTreeMap<u32, String> },
        },
        CodegenError::Unsupported { .. },
        "sent.counts: the JSON Schema has the keyword patternProperties"
    );
}

#[test]
fn an_event_type_that_is_tagged_otherwise_is_refused() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    enum External {
        Posted { text: String },
    }
    model!(A, External, "");
    assert!(matches!(render::<A>("A").unwrap_err(), CodegenError::NotAnEvent { .. }));

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "name")]
    enum Internal {
        Posted { text: String },
    }
    model!(B, Internal, "");
    assert!(matches!(render::<B>("B").unwrap_err(), CodegenError::NotAnEvent { .. }));

    model!(C, String, "");
    assert!(matches!(render::<C>("C").unwrap_err(), CodegenError::NotAnEvent { .. }));
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Posted {
    text: String,
}

#[test]
fn two_types_of_one_name_are_refused() {
    refused!(
        enum E {
            Posted { what: Posted },
        },
        CodegenError::NameTaken { .. },
        "two types would be called Posted"
    );
}

#[test]
fn a_name_that_no_type_can_have_is_refused() {
    refused!(
        enum E {
            #[serde(rename = "1st")]
            First { text: String },
        },
        CodegenError::NotAName { .. },
        "no TypeScript type can be called \"1st\""
    );

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(rename = "a list")]
    struct List {
        text: String,
    }
    refused!(
        enum E {
            Made { list: List },
        },
        CodegenError::NotAName { .. },
        "no TypeScript type can be called \"a%20list\""
    );
}
