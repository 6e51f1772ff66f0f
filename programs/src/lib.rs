//! gasworks-programs

pub mod factorization;
