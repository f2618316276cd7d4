//! How much an archive may unpack to.

/// Limits on what a reader unpacks. An archive is a small file that may say it is a large one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries, those without content included.
    pub entries: u64,
    /// Bytes of one file.
    pub file: u64,
    /// Unpacked bytes in all, headers included.
    pub total: u64,
    /// Unpacked bytes per packed byte. Deflate reaches 1,032 with zeros.
    pub ratio: u64,
    /// Unpacked bytes up to which the ratio does not matter: short files of zeros are common.
    pub ratio_after: u64,
    /// Bytes of the manifest, which is held in memory.
    pub manifest: u64,
}

impl Default for Limits {
    /// Returns limits that a sweep does not reach and a common disk survives.
    fn default() -> Limits {
        Limits {
            entries: 2_000_000,
            file: 32 << 30,
            total: 64 << 30,
            ratio: 200,
            ratio_after: 256 << 20,
            manifest: 512 << 20,
        }
    }
}

impl Limits {
    /// Returns no limits at all: for archives whose digest shows that they are our own.
    pub fn none() -> Limits {
        let most = u64::MAX;
        Limits { entries: most, file: most, total: most, ratio: most, ratio_after: most, manifest: most }
    }
}
