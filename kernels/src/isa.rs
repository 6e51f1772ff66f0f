//! Stand-in until the kernels land.
/// An instruction level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// None.
    Baseline,
    /// x86-64-v3.
    Avx2,
    /// x86-64-v4.
    Avx512,
}
impl Isa {
    /// The best there is.
    pub fn detect() -> Isa {
        if pulp::x86::V4::try_new().is_some() { Isa::Avx512 } else if pulp::x86::V3::try_new().is_some() { Isa::Avx2 } else { Isa::Baseline }
    }
    /// Runs it.
    pub fn dispatch<Op: pulp::WithSimd>(self, op: Op) -> Op::Output {
        use pulp::Simd;
        match self {
            Isa::Avx512 => Simd::vectorize(pulp::x86::V4::try_new().unwrap(), op),
            Isa::Avx2 => Simd::vectorize(pulp::x86::V3::try_new().unwrap(), op),
            Isa::Baseline => Simd::vectorize(pulp::Scalar::new(), op),
        }
    }
}
