//! gasworks-schedulers
