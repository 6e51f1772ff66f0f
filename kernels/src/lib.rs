//! gasworks-kernels
mod isa;
pub use isa::Isa;
