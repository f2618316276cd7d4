//! Sparse products: the first formula from weights alone, the second from measured stages.

use super::descriptor::Descriptor;
use super::stages::{Stages, stages};

/// The dimensions and weights of a sparse product.
pub(super) struct Sparse<'a> {
    pub(super) of: &'a Descriptor<'a>,
    pub(super) phases: u32,
    /// Returns a parameter.
    pub(super) weight: &'a dyn Fn(&str) -> Result<f32, String>,
}

/// Tells whether a device has the second formula for formats and fidelities.
pub(super) fn has_second(of: &Descriptor<'_>) -> bool {
    let low = of.math_fidelity == "LoFi";
    let stages = match of.data_format {
        "Float16" | "Float16_b" => !low,
        "Bfp8" | "Bfp8_b" => low,
        _ => false,
    };
    stages && of.architecture == "wormhole_b0" && of.sparse_nz_strips.is_some() && of.sparse_nz_ublocks.is_some()
}

impl Sparse<'_> {
    /// Returns the cycles by the first formula.
    pub(super) fn first(&self) -> Result<f32, String> {
        let Descriptor { t, mblock_m: m, mblock_n: n, ublock_rt: r, ublock_ct: c, .. } = *self.of;
        let (k, indices) = (self.of.mblock_k, self.of.sparse_indices);
        let weight = self.weight;
        let blocks = indices / t.wrapping_mul(r).wrapping_mul(c).max(1);
        let strips = t.wrapping_mul(k).wrapping_mul(m).max(blocks);
        let product = |values: &[u32]| values.iter().fold(1u32, |product, value| product.wrapping_mul(*value)) as f32;
        let math = product(&[indices, n, c]) * weight("tile_weight")? * self.phases as f32;
        let each = weight("reload_config")? + weight("reload")? * c as f32 * r as f32;
        let mut reload = (strips as f32 * weight("reload_wait_pop")? + blocks as f32 * each) * n as f32;
        if k > 1 {
            reload += product(&[m, t]) * each * n as f32;
        }
        let waits = weight("pack_wait_push")? * strips.wrapping_sub(blocks) as f32 * n as f32;
        let tiles = weight("pack")? * 2.0 * t as f32 * n as f32 * m as f32 * c as f32 * r as f32;
        let decode = indices as f32 * weight("nz_tile_decode")? * 2u32.wrapping_add(n) as f32
            + strips as f32 * weight("ublock_decode")?
            + blocks as f32 * weight("nz_ublock_decode")?;
        Ok(math + reload + (waits + tiles) + decode)
    }

    /// Returns the cycles by the second formula.
    pub(super) fn second(&self) -> Result<u32, String> {
        let Descriptor { t, mblock_m: m, mblock_n: n, ublock_rt: r, ublock_ct: c, .. } = *self.of;
        let strips = self.of.sparse_nz_strips.unwrap_or(0);
        let blocks = self.of.sparse_nz_ublocks.unwrap_or(0);
        let whole = |name: &str| (self.weight)(name).map(|value| value as u32);
        let low = self.of.math_fidelity == "LoFi";
        let Stages { math, reload, pack } = stages(low, r, c, self.of.ublock_kt);
        let product = |values: &[u32]| values.iter().fold(1u32, |product, value| product.wrapping_mul(*value));
        let decode = product(&[strips, m, whole("v2_ublock_decode")?])
            .wrapping_add(product(&[blocks, whole("v2_nz_ublock_decode")?]))
            .wrapping_add(product(&[strips, whole("v2_nz_strip_decode")?]));
        let slower = match self.of.math_fidelity {
            "HiFi3" => 1.2f32,
            "HiFi4" => 1.7,
            _ => 1.0,
        };
        let math = (product(&[self.of.sparse_indices, n, c, math]) as f32 * slower) as u32;
        let reload = if self.of.mblock_k > 1 { product(&[blocks, n, c, r, reload]) } else { 0 };
        let pack = product(&[t, n, m, c, r, pack]);
        Ok(decode.wrapping_add(math).wrapping_add(reload).wrapping_add(pack))
    }
}
