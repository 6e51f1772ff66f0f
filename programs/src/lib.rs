//! gasworks-programs
