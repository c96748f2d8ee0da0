//! Fractions of whole minor units: nothing is rounded before somebody rounds it.

use std::ops::{Add, Div, Mul, Sub};

/// A fraction, reduced, with a positive denominator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact {
    over: i128,
    under: i128,
}

impl Exact {
    pub const ZERO: Self = Self::whole(0);
    pub const ONE: Self = Self::whole(1);

    pub const fn whole(number: i64) -> Self {
        Self {
            over: number as i128,
            under: 1,
        }
    }

    pub fn of(over: i64, under: i64) -> Self {
        Self::reduced(over.into(), under.into())
    }

    fn reduced(over: i128, under: i128) -> Self {
        let (mut a, mut b) = (over.abs(), under.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let divisor = a.max(1) * under.signum();
        Self {
            over: over / divisor,
            under: under / divisor,
        }
    }

    /// To the nearest whole number, halves away from zero.
    pub fn round(self) -> i64 {
        let rounded = (2 * self.over.abs() + self.under) / (2 * self.under);
        i64::try_from(rounded * self.over.signum()).unwrap()
    }

    /// To the nearest part of a whole, halves away from zero.
    pub fn round_to(self, parts: i64) -> Self {
        Self::of((self * Self::whole(parts)).round(), parts)
    }
}

impl Add for Exact {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::reduced(
            self.over * other.under + other.over * self.under,
            self.under * other.under,
        )
    }
}

impl Sub for Exact {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + other * Self::whole(-1)
    }
}

impl Mul for Exact {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::reduced(self.over * other.over, self.under * other.under)
    }
}

impl Div for Exact {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        Self::reduced(self.over * other.under, self.under * other.over)
    }
}

impl std::iter::Sum for Exact {
    fn sum<I: Iterator<Item = Self>>(each: I) -> Self {
        each.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_exact_and_rounded_once() {
        let third = Exact::of(1, 3);
        assert_eq!(third + third + third, Exact::ONE);
        assert_eq!((Exact::of(100, 1) / Exact::of(1081, 1000)).round(), 93);
        let halves = [Exact::of(5, 2), Exact::of(-5, 2), Exact::of(5, -2)];
        assert_eq!(halves.map(Exact::round), [3, -3, -3]);
        assert_eq!(Exact::of(2, 3).round_to(10), Exact::of(7, 10));
    }
}
