//! What a till's own file says it took, read without any of the agent's code: figures to compare with.
//!
//! A POSLog is searched for its totals and tenders by plain text; it knows no dialect but the two in the samples.

/// A transaction of a POSLog as its file says it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Plain {
    /// The running number.
    pub sequence: u64,
    /// What was owed, in hundredths.
    pub total: i64,
    /// What the payments come to, with the sign of the total.
    pub paid: i64,
}

/// The receipts of a POSLog: transactions with a grand total that are not training and not cancelled.
pub fn poslog(text: &str) -> Vec<Plain> {
    let ends = text.split("</Transaction>");
    let begun = |part: &str| {
        let start = part
            .rfind("<Transaction>")
            .or_else(|| part.rfind("<Transaction "))?;
        receipt(&part[start..])
    };
    ends.filter_map(begun).collect()
}

fn receipt(text: &str) -> Option<Plain> {
    let opening = text.split('>').next()?;
    let unused = [
        "CancelFlag=\"true\"",
        "TrainingModeFlag=\"true\"",
        "SuspendFlag=\"true\"",
    ];
    if unused.iter().any(|flag| opening.contains(flag)) {
        return None;
    }
    let total = hundredths(after(text, "TransactionGrandAmount")?)?;
    let mut paid = 0;
    for tender in text.split("<Tender ").skip(1) {
        let tender = tender.split("</Tender>").next()?;
        let refund = tender.split('>').next()?.contains("Refund");
        let amount = hundredths(after(tender, "<Amount")?)?;
        paid += if refund { -amount } else { amount };
    }
    for change in text.split("<TenderChange TypeCode").skip(1) {
        paid -= hundredths(after(change, "<Amount")?)?;
    }
    let sequence = text.split("<SequenceNumber>").nth(1)?.split('<').next()?;
    // The line items of some dialects have numbers too; a transaction's own stands before its receipt.
    let own =
        text.find("<SequenceNumber>")? < text.find("<RetailTransaction").unwrap_or(usize::MAX);
    own.then_some(Plain {
        sequence: sequence.trim().parse().ok()?,
        total,
        paid,
    })
}

/// The text of the element whose tag holds this word.
fn after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.split(word).nth(1)?;
    rest.split('>').nth(1)?.split('<').next()
}

/// Money in hundredths; a finer amount is rounded toward zero, which trailing zeros do not mind.
pub fn hundredths(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let cents: String = fraction.chars().chain("00".chars()).take(2).collect();
    Some(sign * (whole.parse::<i64>().ok()? * 100 + cents.parse::<i64>().ok()?))
}

/// The rows of a file with commas and a header, by the names of its columns; a comma in quotes parts nothing.
pub fn rows(text: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let cells = |line: &str| -> Vec<String> {
        let mut cells = vec![String::new()];
        let mut quoted = false;
        for letter in line.chars() {
            match letter {
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                other => cells.last_mut().unwrap().push(other),
            }
        }
        cells
    };
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let names = cells(lines.next().unwrap_or_default());
    lines
        .filter(|line| !line.trim().is_empty())
        .map(|line| names.iter().cloned().zip(cells(line)).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_read_by_its_plain_text() {
        let text = "<POSLog><Transaction><SequenceNumber>7</SequenceNumber><RetailTransaction><LineItem><Tender TenderType=\"Cash\" TypeCode=\"Sale\">\
            <Amount Currency=\"EUR\">27.000</Amount></Tender></LineItem><LineItem><TenderChange TypeCode=\"Refund\"><TenderChange>\
            <Amount>0.010</Amount></TenderChange></TenderChange></LineItem><Total TotalType=\"TransactionGrandAmount\">26.990</Total></RetailTransaction></Transaction></POSLog>";
        assert_eq!(
            poslog(text),
            [Plain {
                sequence: 7,
                total: 2_699,
                paid: 2_699
            }]
        );
        assert_eq!(hundredths("-1.2"), Some(-120));
    }
}
