//! Other people's programs and habits against the real service.

mod operation;
