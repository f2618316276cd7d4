//! What an estimate is of.

/// An operation, its shape in tiles and its attributes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Descriptor<'a> {
    /// The operation.
    pub op: &'a str,
    /// The device.
    pub architecture: &'a str,
    /// The version of the parameters.
    pub version: u32,
    /// The format of the data.
    pub data_format: &'a str,
    /// `LoFi`, `HiFi2`, `HiFi2_A`, `HiFi2_B`, `HiFi3` or `HiFi4`.
    pub math_fidelity: &'a str,
    /// Blocks one after the other.
    pub t: u32,
    /// Rows of a block, in its parts.
    pub mblock_m: u32,
    /// Columns of a block, in its parts.
    pub mblock_n: u32,
    /// Rows of a part, in tiles.
    pub ublock_rt: u32,
    /// Columns of a part, in tiles.
    pub ublock_ct: u32,
    /// Parts of the inner dimension.
    pub mblock_k: u32,
    /// Tiles of a part of the inner dimension.
    pub ublock_kt: u32,
    /// Layers that a reduction adds up.
    pub reduce_z: u32,
    /// Tiles that are not zero; 0: the product is dense.
    pub sparse_indices: u32,
    /// Parts that are not zero; none: not known.
    pub sparse_nz_ublocks: Option<u32>,
    /// Strips that are not zero; none: not known.
    pub sparse_nz_strips: Option<u32>,
    /// Whether it approximates.
    pub approximate: bool,
    /// `rc`, `r` or `c`.
    pub vector_mode: &'a str,
    /// Whether it accumulates in L1.
    pub l1_accumulate: bool,
    /// The attribute of a reduction: its dimension.
    pub attribute: &'a str,
}

impl Default for Descriptor<'_> {
    fn default() -> Self {
        Descriptor {
            op: "",
            architecture: "",
            version: 1,
            data_format: "",
            math_fidelity: "",
            t: 0,
            mblock_m: 0,
            mblock_n: 0,
            ublock_rt: 0,
            ublock_ct: 0,
            mblock_k: 0,
            ublock_kt: 0,
            reduce_z: 0,
            sparse_indices: 0,
            sparse_nz_ublocks: None,
            sparse_nz_strips: None,
            approximate: false,
            vector_mode: "rc",
            l1_accumulate: false,
            attribute: "",
        }
    }
}
