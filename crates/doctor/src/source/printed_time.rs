//! Times as `certutil` prints them: local, in the format of the machine's region, without a zone.

use pki::Time;

/// Reads dates of one listing. Which of day and month comes first is learned from dates that leave no doubt.
#[derive(Debug, Default)]
pub(crate) struct PrintedTimes {
    order: Option<Order>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    DayFirst,
    MonthFirst,
}

impl PrintedTimes {
    /// `10/30/2022 8:07 PM`, `30.10.2022 20:07`, `30/10/2022 20:07`, `2022-10-30 20:07:21`. Seconds may be missing.
    pub(crate) fn read(&mut self, text: &str) -> Option<Time> {
        let text: String = text
            .chars()
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .filter(|c| !super::quotes::is_blank(*c) || *c == ' ')
            .collect();
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let date = words.next()?;
        let half = text.to_ascii_lowercase();
        let half = half.split(' ').map(|word| word.replace('.', "")).find_map(|word| match word.as_str() {
            "am" => Some(Half::Morning),
            "pm" => Some(Half::Afternoon),
            _ => None,
        });
        let clock = words.find(|word| word.contains(':')).and_then(|word| clock(word, half)).unwrap_or((0, 0, 0));
        Time::civil(self.date(date.trim_end_matches(','), half)?, clock)
    }

    fn date(&mut self, text: &str, half: Option<Half>) -> Option<(i16, i8, i8)> {
        let separator = text.chars().find(|c| !c.is_ascii_digit())?;
        let mut parts = text.split(separator).filter(|part| !part.is_empty()).map(str::parse::<i16>);
        let (a, b, c) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
        let small = |number: i16| i8::try_from(number).ok();
        if a > 31 {
            return Some((a, small(b)?, small(c)?));
        }
        let year = if c < 100 { 2000 + c } else { c };
        let order = match (separator, a, b) {
            ('.', ..) => Order::DayFirst,
            (_, 13.., _) => self.learn(Order::DayFirst),
            (_, _, 13..) => self.learn(Order::MonthFirst),
            // Twelve-hour clocks and months first go together in the United States; elsewhere neither is usual.
            _ => self.order.unwrap_or(if half.is_some() { Order::MonthFirst } else { Order::DayFirst }),
        };
        match order {
            Order::DayFirst => Some((year, small(b)?, small(a)?)),
            Order::MonthFirst => Some((year, small(a)?, small(b)?)),
        }
    }

    fn learn(&mut self, order: Order) -> Order {
        self.order = Some(order);
        order
    }
}

#[derive(Debug, Clone, Copy)]
enum Half {
    Morning,
    Afternoon,
}

fn clock(word: &str, half: Option<Half>) -> Option<(i8, i8, i8)> {
    let mut parts = word.split([':', '.']).map(str::parse::<i8>);
    let (hour, minute) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let second = parts.next().and_then(Result::ok).unwrap_or(0);
    let hour = match (half, hour) {
        (Some(Half::Morning), 12) => 0,
        (Some(Half::Afternoon), 1..=11) => hour + 12,
        _ => hour,
    };
    Some((hour, minute, second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_agree() {
        let expected = Some(Time::civil((2022, 10, 30), (20, 7, 0)).unwrap_or(Time::NEVER));
        for text in [
            "10/30/2022 8:07 PM",
            "30.10.2022 20:07",
            "30/10/2022 20:07",
            "2022-10-30 20:07:00",
            "30-10-2022 20:07",
            "10/30/2022 8:07\u{202f}PM",
            "30. 10. 2022 20:07".replace(". ", ".").as_str(),
        ] {
            assert_eq!(PrintedTimes::default().read(text), expected, "{text}");
        }
        let mut learned = PrintedTimes::default();
        assert_eq!(learned.read("30/10/2022 20:07"), expected);
        assert_eq!(learned.read("05/04/2022 00:00"), Time::civil((2022, 4, 5), (0, 0, 0)));
        for text in ["", "yesterday", "99/99/9999", "1/2", "1/2/3/4 x:y"] {
            let _ = PrintedTimes::default().read(text);
        }
    }
}
