//! Declaring the shapes of a file: from one list of keys come the type, its reader and its schema.

/// Declares a map with known keys: the type, its reader and its schema.
macro_rules! record {
    (
        #[doc = $doc:literal]
        $name:ident = $what:literal {
            $( $(#[doc = $field_doc:literal])+ $key:literal $field:ident : $type:ty ),+ $(,)?
        }
    ) => {
        #[doc = $doc]
        #[derive(Debug, Clone)]
        pub(super) struct $name {
            /// Where it stands.
            #[allow(dead_code, reason = "not every user of a record points at the whole of it")]
            pub(super) span: $crate::value::Span,
            $( $(#[doc = $field_doc])+ pub(super) $field: $type, )+
        }

        impl $crate::config::decode::FileType for $name {
            fn decode(
                node: &$crate::config::node::Node,
                reader: &mut $crate::config::decode::Reader,
            ) -> Option<$name> {
                let entries = reader.entries(node, $what, &[$($key),+])?;
                $(
                    let found = entries.iter().find(|(key, _)| key.as_str() == $key).map(|(_, value)| value);
                    let $field = <$type as $crate::config::decode::Field>::take(found, $key, node, reader);
                )+
                Some($name { span: node.span, $( $field: $field? ),+ })
            }

            fn schema(builder: &mut $crate::config::schema::SchemaBuilder) -> serde_json::Value {
                builder.record(stringify!($name), $doc, |builder| vec![
                    $( (
                        $key,
                        concat!($($field_doc),+),
                        <$type as $crate::config::decode::Field>::REQUIRED,
                        <$type as $crate::config::decode::Field>::schema(builder),
                    ) ),+
                ])
            }
        }
    };
}

/// Declares a choice of words: the type, its reader and its schema.
macro_rules! words {
    (
        #[doc = $doc:literal]
        $name:ident = $what:literal { $( #[doc = $word_doc:literal] $word:literal $variant:ident ),+ $(,)? }
    ) => {
        #[doc = $doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum $name {
            $( #[doc = $word_doc] $variant, )+
        }

        impl $crate::config::decode::FileType for $name {
            fn decode(
                node: &$crate::config::node::Node,
                reader: &mut $crate::config::decode::Reader,
            ) -> Option<$name> {
                let text = reader.scalar(node, $what)?;
                match text.as_str() {
                    $( $word => Some($name::$variant), )+
                    other => {
                        let near = $crate::value::nearest(other, [$($word),+]);
                        reader.wanted(node, $what, near.map(|near| format!("did you mean `{near}`?")));
                        None
                    }
                }
            }

            fn schema(_: &mut $crate::config::schema::SchemaBuilder) -> serde_json::Value {
                serde_json::json!({ "enum": [$($word),+], "description": $doc.trim() })
            }
        }
    };
}

/// Declares a map that holds exactly one of several keys: the type, its reader and its schema.
macro_rules! one_of {
    (
        #[doc = $doc:literal]
        $name:ident = $what:literal { $( #[doc = $key_doc:literal] $key:literal $variant:ident ( $type:ty ) ),+ $(,)? }
    ) => {
        #[doc = $doc]
        #[derive(Debug, Clone)]
        pub(super) enum $name {
            $( #[doc = $key_doc] $variant($type), )+
        }

        impl $crate::config::decode::FileType for $name {
            fn decode(
                node: &$crate::config::node::Node,
                reader: &mut $crate::config::decode::Reader,
            ) -> Option<$name> {
                let before = reader.problems.len();
                let entries = reader.entries(node, $what, &[$($key),+])?;
                if reader.problems.len() > before {
                    return None;
                }
                let [(key, value)] = entries else {
                    let keys = [$($key),+].join("`, `");
                    reader.problem($crate::value::Problem::at(
                        node.span,
                        format!("{} wants exactly one of `{keys}`, found {}", $what, entries.len()),
                    ));
                    return None;
                };
                match key.as_str() {
                    $( $key => <$type as $crate::config::decode::FileType>::decode(value, reader).map($name::$variant), )+
                    _ => None,
                }
            }

            fn schema(builder: &mut $crate::config::schema::SchemaBuilder) -> serde_json::Value {
                builder.choice(stringify!($name), $doc, |builder| vec![
                    $( ($key, $key_doc, <$type as $crate::config::decode::FileType>::schema(builder)) ),+
                ])
            }
        }
    };
}

pub(super) use {one_of, record, words};
