//! What this machine is.
//!
//! Data in: a few files of `/proc`, `/sys` and `/etc`. Data out: a map from the name of a property
//! to its text. A property that a machine does not tell is absent. The parsers are pure.

use crate::value::{DigestWriter, show_bytes};
use std::collections::BTreeMap;
use std::path::Path;

/// The properties that make measurements comparable, in the order in which they are digested.
///
/// Not among them: the host's name (hosted machines have a new one each time), the memory and the
/// kernel (which change often and rarely matter for time), the governor (which changes under load).
pub const FINGERPRINT_PROPERTIES: [&str; 5] = ["cpu", "cores", "architecture", "virtualisation", "label"];

/// Returns the properties of this machine: `hostname`, `cpu`, `cores`, `memory`, `kernel`, `os`,
/// `architecture`, `governor`, `virtualisation`, `container` and, where the caller knows one, `label`
/// (such as the label of a hosted runner).
///
/// `cores` is what this process may use: affinity and control group limits count.
pub fn machine(label: Option<&str>) -> BTreeMap<String, String> {
    machine_below(Path::new("/"), label)
}

fn machine_below(root: &Path, label: Option<&str>) -> BTreeMap<String, String> {
    let read = |path: &str| {
        let text = std::fs::read_to_string(root.join(path)).ok()?;
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned();
        (!text.is_empty()).then_some(text)
    };
    let system = rustix::system::uname();
    let kernel = system.release().to_string_lossy().into_owned();
    let processors = read("proc/cpuinfo").unwrap_or_default();
    let dmi = |name: &str| read(&format!("sys/class/dmi/id/{name}")).unwrap_or_default();
    let virtualisation = virtualisation(&Clues {
        vendor: dmi("sys_vendor"),
        product: dmi("product_name"),
        hypervisor: read("sys/hypervisor/type").unwrap_or_default(),
        hypervisor_flag: has_hypervisor_flag(&processors),
        kernel: kernel.clone(),
    });
    let container = [(".dockerenv", "docker"), ("run/.containerenv", "podman")]
        .into_iter()
        .find(|(path, _)| root.join(path).exists())
        .map(|(_, name)| name.to_owned());
    let properties = [
        ("hostname", Some(system.nodename().to_string_lossy().into_owned()).filter(|name| !name.is_empty())),
        ("cpu", cpu_model(&processors)),
        ("cores", std::thread::available_parallelism().ok().map(|cores| cores.to_string())),
        ("memory", read("proc/meminfo").and_then(|text| memory_bytes(&text)).map(show_bytes)),
        ("kernel", Some(format!("{} {kernel}", system.sysname().to_string_lossy()))),
        ("os", read("etc/os-release").and_then(|text| os_name(&text))),
        ("architecture", Some(system.machine().to_string_lossy().into_owned())),
        ("governor", read("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        ("virtualisation", Some(virtualisation)),
        ("container", container),
        ("label", label.filter(|label| !label.is_empty()).map(str::to_owned)),
    ];
    properties.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Returns 12 hex digits of the digest over [`FINGERPRINT_PROPERTIES`]: measurements on machines with
/// the same fingerprint are compared, others are not.
pub fn fingerprint(properties: &BTreeMap<String, String>) -> String {
    let mut writer = DigestWriter::default();
    writer.field("shmoo-fingerprint-1", b"");
    for name in FINGERPRINT_PROPERTIES {
        if let Some(value) = properties.get(name) {
            writer.field(name, value.as_bytes());
        }
    }
    writer.finish().short()
}

/// Returns the values of `key : value` lines.
fn values<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then(|| value.trim()).filter(|value| !value.is_empty())
    })
}

/// Returns the model of the first processor in the text of `/proc/cpuinfo`.
fn cpu_model(text: &str) -> Option<String> {
    let squeeze = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ");
    // x86 says `model name`, POWER `cpu`, RISC-V `uarch`, some ARM kernels `Hardware`.
    if let Some(name) = ["model name", "cpu model", "uarch", "cpu"].iter().find_map(|key| values(text, key).next()) {
        return Some(squeeze(name));
    }
    // Most ARM kernels give numbers only.
    let implementer = values(text, "CPU implementer").next()?;
    let part = values(text, "CPU part").next()?;
    Some(format!("{} part {part}", implementer_name(implementer)))
}

/// Names of the `CPU implementer` numbers that matter in servers (ARM's MIDR_EL1 register).
fn implementer_name(number: &str) -> &str {
    match number {
        "0x41" => "ARM",
        "0x4e" => "NVIDIA",
        "0x51" => "Qualcomm",
        "0x61" => "Apple",
        "0xc0" => "Ampere",
        _ => number,
    }
}

fn has_hypervisor_flag(text: &str) -> bool {
    values(text, "flags").next().is_some_and(|flags| flags.split_whitespace().any(|flag| flag == "hypervisor"))
}

/// Returns the installed memory of this machine in bytes, if it can be told.
pub fn memory() -> Option<u64> {
    std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| memory_bytes(&text))
}

/// Returns the installed memory from the text of `/proc/meminfo`.
fn memory_bytes(text: &str) -> Option<u64> {
    let amount = values(text, "MemTotal").next()?;
    let kibibytes: u64 = amount.strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// Returns the name from the text of `/etc/os-release`.
fn os_name(text: &str) -> Option<String> {
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        let line = line.trim();
        let plain = ['"', '\''].iter().find_map(|&quote| line.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(line);
        (!plain.is_empty()).then(|| plain.replace("\\\"", "\""))
    };
    value("PRETTY_NAME").or_else(|| value("NAME"))
}

/// What tells whether a machine is virtual.
#[derive(Debug, Default)]
struct Clues {
    vendor: String,
    product: String,
    hypervisor: String,
    hypervisor_flag: bool,
    kernel: String,
}

/// Names the kind of virtual machine, `none` for a real one.
fn virtualisation(clues: &Clues) -> String {
    if clues.kernel.to_ascii_lowercase().contains("microsoft") {
        return "wsl".to_owned();
    }
    let board = format!("{} {}", clues.vendor, clues.product);
    let known = [
        ("Google", "google"),
        ("Amazon EC2", "amazon"),
        ("Virtual Machine", "hyper-v"),
        ("VMware", "vmware"),
        ("innotek", "virtualbox"),
        ("VirtualBox", "virtualbox"),
        ("Parallels", "parallels"),
        ("QEMU", "qemu"),
        ("KVM", "kvm"),
        ("OpenStack", "openstack"),
        ("Xen", "xen"),
    ];
    // Such names are on real boards too (`Amazon EC2 c5.metal`): then the processor has no flag. ARM
    // processors have none at all, so the board is believed there.
    let named = known.iter().find(|(text, _)| board.contains(text)).map(|(_, name)| *name);
    match named {
        Some(_) if board.contains(".metal") => "none".to_owned(),
        Some(name) => name.to_owned(),
        None if !clues.hypervisor.is_empty() => clues.hypervisor.clone(),
        None if clues.hypervisor_flag => "vm".to_owned(),
        None => "none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AMD: &str = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel\t\t: 2\nmodel name\t: AMD EPYC  7763\n\
        flags\t\t: fpu vme hypervisor lahf_lm\n\nprocessor\t: 1\nmodel name\t: other\n";
    const ARM: &str = "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n\
        CPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\n";
    const RISC_V: &str = "processor\t: 0\nhart\t\t: 1\nisa\t\t: rv64imafdc\nuarch\t\t: sifive,u74-mc\n";

    #[test]
    fn processors() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(cpu_model(text).as_deref(), expected);
        check(AMD, Some("AMD EPYC 7763"));
        check(ARM, Some("ARM part 0xd0c"));
        check(RISC_V, Some("sifive,u74-mc"));
        check("processor : 0\nCPU implementer : 0x99\nCPU part : 0x1\n", Some("0x99 part 0x1"));
        check("", None);
        check("model name\t:\n", None);
        assert!(has_hypervisor_flag(AMD) && !has_hypervisor_flag(ARM));
    }

    #[test]
    fn amounts_and_names() {
        assert_eq!(memory_bytes("MemTotal:       24684092 kB\nMemFree: 1 kB\n"), Some(24_684_092 * 1024));
        assert_eq!(memory_bytes("MemTotal: many\n"), None);
        assert_eq!(memory_bytes("MemTotal: 99999999999999999999 kB"), None);
        let check = |text: &str, expected: Option<&str>| assert_eq!(os_name(text).as_deref(), expected);
        check(
            "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n",
            Some("Debian GNU/Linux 12 (bookworm)"),
        );
        check("NAME=Alpine\n", Some("Alpine"));
        check("PRETTY_NAME=\"\"\nNAME='Void'\n", Some("Void"));
        check("ID=x\n", None);
    }

    #[test]
    fn virtual_machines() {
        let check = |vendor: &str, product: &str, flag: bool, expected: &str| {
            let clues = Clues {
                vendor: vendor.to_owned(),
                product: product.to_owned(),
                hypervisor_flag: flag,
                ..Clues::default()
            };
            assert_eq!(virtualisation(&clues), expected, "{vendor} {product} {flag}");
        };
        check("Google", "Google Compute Engine", true, "google");
        check("Amazon EC2", "m7g.large", false, "amazon");
        check("Amazon EC2", "c5.metal", false, "none");
        check("Microsoft Corporation", "Virtual Machine", true, "hyper-v");
        check("Microsoft Corporation", "Surface Laptop", false, "none");
        check("QEMU", "Standard PC (i440FX + PIIX, 1996)", true, "qemu");
        check("", "", true, "vm");
        check("LENOVO", "20XW", false, "none");
        let xen = Clues { hypervisor: "xen".to_owned(), ..Clues::default() };
        assert_eq!(virtualisation(&xen), "xen");
        let wsl = Clues { kernel: "5.15.90.1-microsoft-standard-WSL2".to_owned(), ..Clues::default() };
        assert_eq!(virtualisation(&wsl), "wsl");
    }

    #[test]
    fn the_fingerprint_sees_what_matters_only() {
        let base: BTreeMap<String, String> =
            [("cpu", "x"), ("cores", "2"), ("hostname", "a"), ("kernel", "6.1"), ("memory", "1 GiB")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
        let with = |name: &str, value: &str| {
            let mut changed = base.clone();
            changed.insert(name.to_owned(), value.to_owned());
            fingerprint(&changed)
        };
        for (name, value) in [("hostname", "b"), ("kernel", "7"), ("memory", "2 GiB"), ("governor", "performance")] {
            assert_eq!(with(name, value), fingerprint(&base), "{name}");
        }
        for name in FINGERPRINT_PROPERTIES {
            assert_ne!(with(name, "another"), fingerprint(&base), "{name}");
        }
        // A promise to stored records: it never changes.
        assert_eq!(fingerprint(&base), "cd8fad8fbe78");
        assert_eq!(fingerprint(&base).len(), 12);
    }

    #[test]
    fn this_machine_tells_the_main_things() {
        let here = machine(Some("ubuntu-24.04"));
        for name in ["cores", "kernel", "architecture", "virtualisation"] {
            assert!(here.get(name).is_some_and(|value| !value.is_empty()), "{name} of {here:?}");
        }
        assert_eq!(here["label"], "ubuntu-24.04");
        assert!(!machine(None).contains_key("label") && !machine(Some("")).contains_key("label"));
        // A system without any of these files.
        let bare = machine_below(Path::new("/nonexistent"), None);
        assert!(!bare.contains_key("cpu") && !bare.contains_key("memory") && bare.contains_key("kernel"));
    }
}
