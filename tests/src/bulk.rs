//! Large files as tills write them, made row by row: nothing of them is ever whole in memory.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Rows of a receipt in [`columns`]: three lines and a payment.
pub const ROWS_A_RECEIPT: usize = 4;
/// What each receipt of these files comes to, in hundredths.
pub const RECEIPT_CENTS: i64 = 750;

/// A file of columns with this many rows, for the profile `generic_eu_lines`.
pub fn columns(path: &Path, rows: usize) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let head = "Filiale;Kasse;Bon-Nr;Datum;Zeit;Art;EAN;Bezeichnung;Menge;Einzelpreis;Rabatt;Betrag;MwSt%;Zahlart;Zahlbetrag\r\n";
    out.write_all(head.as_bytes()).unwrap();
    for number in 1..=rows / ROWS_A_RECEIPT {
        let begin = format!("ZH01;3;{number};20.11.2026;{}", clock(number));
        for line in 0..ROWS_A_RECEIPT - 1 {
            write!(
                out,
                "{begin};V;761000000{};Artikel {line} grün;1;2,50;;2,50;8,1;;\r\n",
                1_000 + line
            )
            .unwrap();
        }
        write!(out, "{begin};Z;;;;;;;;BAR;7,50\r\n").unwrap();
    }
    out.flush().unwrap();
}

/// A POSLog with this many transactions, for the profile `generic_6`. Each holds what may not be kept.
pub fn poslog(path: &Path, transactions: usize) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<POSLog xmlns=\"http://www.nrf-arts.org/IXRetail/namespace/\" MajorVersion=\"6\">\n";
    out.write_all(head.as_bytes()).unwrap();
    for number in 1..=transactions {
        let at = format!("2026-11-20T{}", clock(number));
        writeln!(
            out,
            "<Transaction><BusinessUnit><UnitID>ZH01</UnitID></BusinessUnit><WorkstationID>3</WorkstationID><SequenceNumber>{number}</SequenceNumber>\
             <BusinessDayDate>2026-11-20</BusinessDayDate><BeginDateTime>{at}</BeginDateTime><EndDateTime>{at}</EndDateTime>\
             <OperatorID OperatorName=\"Erika Beispiel\">17</OperatorID><CurrencyCode>USD</CurrencyCode><ReceiptNumber>{number}</ReceiptNumber>\
             <RetailTransaction Version=\"6.0\" TransactionStatus=\"Finished\">"
        )
        .unwrap();
        for line in 0..3 {
            writeln!(
                out,
                "<LineItem EntryMethod=\"Scanned\" VoidFlag=\"false\"><SequenceNumber>{}</SequenceNumber><Sale ItemType=\"Stock\"><ItemID>761000000{}</ItemID>\
                 <MerchandiseHierarchy Level=\"1\">12</MerchandiseHierarchy><Description>Artikel {line} grün</Description>\
                 <RegularSalesUnitPrice>2.50</RegularSalesUnitPrice><ActualSalesUnitPrice>2.50</ActualSalesUnitPrice><ExtendedAmount>2.50</ExtendedAmount>\
                 <Quantity UnitOfMeasureCode=\"EA\">1</Quantity><Tax TaxType=\"VAT\"><TaxableAmount>2.31</TaxableAmount><Amount>0.19</Amount>\
                 <Percent>8.1</Percent></Tax></Sale></LineItem>",
                line + 1,
                1_000 + line
            )
            .unwrap();
        }
        out.write_all(
            b"<LineItem><SequenceNumber>4</SequenceNumber><Tender TenderType=\"Cash\"><TenderID>BAR</TenderID><Amount>7.50</Amount></Tender></LineItem>\
              <Total TotalType=\"TransactionGrandAmount\">7.50</Total><Total TotalType=\"TransactionTaxAmount\">0.57</Total><Customer><CustomerID>K1</CustomerID>\
              <Name><Name>Erika Beispiel</Name></Name><BirthDayMonth>--08-12</BirthDayMonth></Customer></RetailTransaction></Transaction>\n",
        )
        .unwrap();
    }
    out.write_all(b"</POSLog>\n").unwrap();
    out.flush().unwrap();
}

/// A time of the trading day.
fn clock(number: usize) -> String {
    format!(
        "{:02}:{:02}:{:02}",
        8 + number % 10,
        number % 60,
        number / 60 % 60
    )
}
