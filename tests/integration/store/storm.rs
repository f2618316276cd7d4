//! Everything goes wrong now and then, in any order: what the store answers is what is there.

use super::contract::key;
use super::fake::{Fake, Fault};
use super::{bucket, bytes, patient};
use shmoo::outside::store::{Patience, Store};
use std::collections::BTreeMap;
use std::time::Duration;

/// A small generator (Knuth, The Art of Computer Programming 2, 3.3.4: MMIX).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn fault(&mut self) -> Fault {
        match self.below(9) {
            0 => Fault::Status([408, 429, 500, 502, 503, 504][self.below(6)]),
            1 => Fault::RetryAfter(429, 0),
            2 => Fault::RetryAt(503, "Sat, 31 Jan 2026 12:00:00 GMT"),
            3 => Fault::ResetBefore,
            4 => Fault::ResetAfter,
            5 => Fault::Twice,
            6 => Fault::CutUpload(self.below(400)),
            7 => Fault::Silence(Duration::from_millis(300)),
            _ => Fault::ResetMidBody(0),
        }
    }
}

/// Does a hundred things; before every second one something is about to go wrong with it.
fn storm(seed: u64) {
    let fake = Fake::start();
    let patience = Patience { attempts: 12, silence: Duration::from_millis(200), ..patient() };
    let store = bucket(&fake, patience);
    let mut chance = Chance(seed);
    let (mut there, mut made) = (BTreeMap::<String, Vec<u8>>::new(), 0);
    for step in 0..100 {
        let name = ["a", "b", "c/d"][chance.below(3)];
        let content = bytes(step + if chance.below(8) == 0 { 1_300_000 } else { 10 });
        let action = chance.below(5);
        if chance.below(2) == 0 {
            let method = [["POST", "PUT"][chance.below(2)], "POST", "GET", "GET", "DELETE"][action];
            let fault = chance.fault();
            // The service keeps what it has of an upload only where it knows the upload.
            let fault =
                if matches!(fault, Fault::CutUpload(_)) && method != "PUT" { Fault::ResetBefore } else { fault };
            fake.fail(method, "", chance.below(2) as u32, 1, fault);
        }
        match action {
            0 => {
                store.put(&key(name), &content).unwrap();
                there.insert(name.to_owned(), content);
                made += 1;
            }
            1 => {
                let first = store.put_if_absent(&key(name), &content).unwrap();
                assert_eq!(first, !there.contains_key(name), "{seed} {step}");
                if first {
                    there.insert(name.to_owned(), content);
                    made += 1;
                }
            }
            2 => assert!(store.get(&key(name)).ok() == there.get(name).cloned(), "{seed} {step}"),
            3 => {
                let listed: Vec<String> = store.list("").unwrap().iter().map(|one| one.key.to_string()).collect();
                assert_eq!(listed, there.keys().cloned().collect::<Vec<_>>(), "{seed} {step}");
            }
            _ => {
                store.delete(&key(name)).unwrap();
                there.remove(name);
            }
        }
    }
    let names: Vec<String> = there.keys().map(|name| format!("team/chip/{name}")).collect();
    assert_eq!(fake.names(), names, "{seed}");
    for (name, content) in &there {
        assert!(fake.object(&format!("team/chip/{name}")).as_ref() == Some(content), "{seed} {name}");
    }
    // What is put again over itself may come twice; nothing else does.
    assert!(fake.created() >= made, "{seed}: {} of {made}", fake.created());
}

#[test]
fn what_the_store_says_is_so() {
    std::thread::scope(|scope| {
        for seed in 1..=6 {
            scope.spawn(move || storm(seed));
        }
    });
}
