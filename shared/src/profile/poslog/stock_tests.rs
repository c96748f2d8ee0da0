//! Goods without a sale, customers' orders, prices changed by hand and approvals, in the shapes that vendors write.

use rstest::rstest;
use serde_json::{Value, json};

use crate::profile::testing::all;

/// A transaction of store ZH01, with what stands in it.
fn transaction(inside: &str) -> String {
    format!(
        "<POSLog><Transaction><BusinessUnit><UnitID>ZH01</UnitID></BusinessUnit><WorkstationID>3</WorkstationID>\
         <SequenceNumber>7</SequenceNumber><BusinessDayDate>2026-10-31</BusinessDayDate>\
         <EndDateTime>2026-10-31T18:00:00+01:00</EndDateTime><CurrencyCode>EUR</CurrencyCode>{inside}</Transaction></POSLog>"
    )
}

#[track_caller]
fn one(text: &str) -> (Value, Vec<String>) {
    let (mut found, broken) = all("generic_6", "a.xml", transaction(text).as_bytes());
    assert_eq!((found.len(), broken), (1, None));
    found.remove(0)
}

/// An inventory transaction in the shape of the standard: an element that says what it is, with lines in it.
fn inventory(element: &str, attributes: &str, head: &str, quantities: &[&str]) -> String {
    let lines = quantities.iter().enumerate().map(|(index, quantity)| {
        format!("<LineItem><SequenceNumber>{}</SequenceNumber><ItemID>400638133393{index}</ItemID><Quantity>{quantity}</Quantity></LineItem>", index + 1)
    });
    let lines: String = lines.collect();
    format!(
        "<InventoryControlTransaction><{element} {attributes}>{head}{lines}</{element}></InventoryControlTransaction>"
    )
}

#[rstest]
#[case("ReceiveInventory", "", "receipt")]
#[case("InventoryReceiving", "", "receipt")]
#[case("ReturnToVendor", "", "return_to_vendor")]
#[case("TransferOut", "", "transfer_out")]
#[case("TransferIn", "", "transfer_in")]
#[case("InventoryLoss", "TypeCode='Damaged'", "waste")]
#[case("Inventory", "DocumentType='Waste'", "waste")]
#[case("StoreUse", "", "internal_use")]
#[case("InventoryAdjustment", "", "adjustment")]
fn what_became_of_goods_is_known_by_its_name(
    #[case] element: &str,
    #[case] attributes: &str,
    #[case] kind: &str,
) {
    let head = "<DocumentID>D-77</DocumentID><SupplierID>V9</SupplierID>";
    let (document, problems) = one(&inventory(element, attributes, head, &["3", "1.5"]));
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(
        (&document["kind"], &document["store"], &document["till"]),
        (&json!("stock_move"), &json!("ZH01"), &json!("3"))
    );
    let expected = json!({
        "type": kind, "reference": "D-77", "partner": "V9",
        "lines": [
            {"line": 1, "product": {"barcode": "4006381333930"}, "quantity": "3"},
            {"line": 2, "product": {"barcode": "4006381333931"}, "quantity": "1.5"},
        ],
    });
    assert_eq!(document["body"], expected);
}

#[rstest]
#[case::out("TransferOut", &["-3", "-1"], &["3", "1"])]
#[case::waste("InventoryLoss", &["-2"], &["2"])]
#[case::adjusted("Adjustment", &["-2"], &["-2"])]
#[case::adjusted_both("Adjustment", &["-2", "4"], &["-2", "4"])]
fn quantities_go_the_way_of_the_type(
    #[case] element: &str,
    #[case] written: &[&str],
    #[case] expected: &[&str],
) {
    let (document, problems) = one(&inventory(element, "", "", written));
    assert_eq!(problems, Vec::<String>::new());
    let lines = document["body"]["lines"].as_array().unwrap().iter();
    let told: Vec<&str> = lines.filter_map(|line| line["quantity"].as_str()).collect();
    assert_eq!(told, expected);
    assert_eq!(
        document["body"]["reference"], "3-7",
        "its number is the till's"
    );
}

#[test]
fn a_quantity_against_the_others_is_held() {
    let (_, problems) = one(&inventory("TransferOut", "", "", &["3", "-1"]));
    assert!(
        problems[0].starts_with("held sign_mismatch"),
        "{problems:?}"
    );
}

/// The shape that a petrol company's interface writes: a code says what it is, lines have names of their own.
fn coded(code: &str, source: &str, destination: &str, count: &str) -> String {
    format!(
        "<InventoryControlTransaction><SerialFormID>000190000002</SerialFormID><DocumentTypeCode>{code}</DocumentTypeCode>\
         <DestinationRetailStoreID>{destination}</DestinationRetailStoreID><SourceRetailStore>{source}</SourceRetailStore>\
         <Supplier>Lieferant</Supplier><InventoryAdjustmentType/><ReceiptNumber>R-1</ReceiptNumber><ReceiptType/>\
         <InventoryControlDocumentLineItems><inventoryControlDocumentMerchandiseLineItem><DetSequenceNumber>1</DetSequenceNumber>\
         <Item>4711</Item><UnitCount>{count}</UnitCount></inventoryControlDocumentMerchandiseLineItem></InventoryControlDocumentLineItems>\
         </InventoryControlTransaction>"
    )
}

#[rstest]
#[case("InventoryReception", "ZH01", "ZH01", "receipt")]
#[case("InventoryReturn", "ZH01", "ZH01", "return_to_vendor")]
#[case("InventoryTransfer", "ZH01", "ZH02", "transfer_out")]
#[case("InventoryTransfer", "ZH02", "ZH01", "transfer_in")]
#[case("InventoryAdjustment", "ZH01", "ZH01", "adjustment")]
fn a_code_says_what_it_is(
    #[case] code: &str,
    #[case] source: &str,
    #[case] destination: &str,
    #[case] kind: &str,
) {
    let (document, problems) = one(&coded(code, source, destination, "4.0000"));
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(document["body"]["type"], kind);
    assert_eq!(document["body"]["reference"], "000190000002");
    let line = &document["body"]["lines"][0];
    assert_eq!(
        (&line["product"]["sku"], &line["quantity"]),
        (&json!("4711"), &json!("4"))
    );
    let both = source != destination;
    assert_eq!(document["body"].get("from").is_some(), both);
}

#[rstest]
#[case::which_way(coded("InventoryTransfer", "ZH02", "ZH03", "1"), "refused bad_value")]
#[case::what(
    coded("InventoryFiscalDoc", "ZH01", "ZH01", "1"),
    "refused unknown_value"
)]
#[case::no_quantity(
    coded("InventoryReception", "ZH01", "ZH01", ""),
    "refused missing_field"
)]
#[case::nothing("<InventoryControlTransaction/>".to_owned(), "refused missing_field")]
fn what_is_not_said_is_not_guessed(#[case] text: String, #[case] expected: &str) {
    let (_, problems) = one(&text);
    assert!(problems[0].starts_with(expected), "{problems:?}");
}

#[test]
fn a_count_says_what_was_counted_when() {
    let head = "<DocumentNumber>INV 12/1</DocumentNumber>";
    let (document, problems) = one(&inventory("CycleCount", "", head, &["12", "0"]));
    assert_eq!(problems, Vec::<String>::new());
    let body = &document["body"];
    assert_eq!(document["kind"], "stock_count");
    assert_eq!(
        (&body["count"], &body["mode"], &body["complete"]),
        (&json!("INV-12-1"), &json!("cycle"), &json!(true))
    );
    assert_eq!(body["cutoff_at"], document["occurred_at"]);
    assert_eq!(body["lines"][1]["quantity"], "0");
    // Differences that a count came to are no count.
    let (document, _) = one(&inventory("CountAdjustment", "", head, &["-1"]));
    assert_eq!(document["body"]["type"], "adjustment");
}

fn order(attributes: &str, paid: &str) -> String {
    let paid = if paid.is_empty() {
        String::new()
    } else {
        format!("<LineItem><Tender TenderType='Cash'><Amount>{paid}</Amount></Tender></LineItem>")
    };
    format!(
        "<CustomerOrderTransaction {attributes}><CustomerOrderID>WEB-1</CustomerOrderID><LineItem><SequenceNumber>1</SequenceNumber>\
         <Sale ItemType='Stock'><ItemID>A</ItemID><ExtendedAmount>10.00</ExtendedAmount><Quantity>2</Quantity></Sale></LineItem>{paid}\
         <Total TotalType='TransactionGrandAmount'>10.00</Total></CustomerOrderTransaction>"
    )
}

#[test]
fn an_order_is_paid_for_or_fetched_or_both() {
    let (paid, problems) = one(&order("TransactionStatus='Tendered'", "10.00"));
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(
        (
            &paid["kind"],
            &paid["body"]["order"],
            &paid["body"]["lines"][0]["type"]
        ),
        (&json!("sale"), &json!("WEB-1"), &json!("prepayment")),
        "paid for now, fetched later: no goods leave yet"
    );
    let (fetched, problems) = one(&order("TransactionStatus='PickedUp'", ""));
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(
        (&fetched["kind"], &fetched["body"]),
        (
            &json!("pickup"),
            &json!({"order": "WEB-1", "type": "handed_over",
                "lines": [{"line": 1, "quantity": "2", "product": {"sku": "A"}}]})
        )
    );
    let (both, problems) = one(&order("TransactionStatus='Delivered'", "10.00"));
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(
        (
            &both["kind"],
            &both["body"]["order"],
            &both["body"]["lines"][0]["type"]
        ),
        (&json!("sale"), &json!("WEB-1"), &json!("item"))
    );
    for (status, expected) in [
        ("NotCollected", "not_collected"),
        ("Refused", "refused"),
        ("Shipped", "shipped"),
    ] {
        let (document, _) = one(&order(&format!("TypeCode='{status}'"), ""));
        assert_eq!(document["body"]["type"], expected);
    }
    let (taken, _) = one(&order("TransactionStatus='New'", ""));
    assert_eq!(
        (&taken["kind"], &taken["body"]),
        (&json!("till_activity"), &json!({"type": "other"}))
    );
    let (_, problems) = one(&order("TransactionStatus='PickedUp'", "").replace("WEB-1", ""));
    assert!(
        problems[0].starts_with("refused missing_field"),
        "{problems:?}"
    );
}

fn sale(item: &str, inside: &str, total: &str) -> String {
    format!(
        "<RetailTransaction><LineItem {item}><SequenceNumber>1</SequenceNumber>{inside}</LineItem>\
         <LineItem><SequenceNumber>2</SequenceNumber><Tender TenderType='Cash'><Amount>{total}</Amount></Tender></LineItem>\
         <Total TotalType='TransactionGrandAmount'>{total}</Total></RetailTransaction>"
    )
}

#[test]
fn a_price_that_another_took_the_place_of_is_told() {
    let goods = "<Sale><ItemID>A</ItemID><RegularSalesUnitPrice>0.60</RegularSalesUnitPrice><ActualSalesUnitPrice>0.50</ActualSalesUnitPrice>\
        <ExtendedAmount>1.00</ExtendedAmount><Quantity>2</Quantity><RetailPriceModifier MethodCode='WN:NewPrice'>\
        <Amount Action='Replace'>0.50</Amount><PreviousPrice>0.60</PreviousPrice><ReasonCode>torn</ReasonCode>\
        <OperatorBypassApproval><ApproverID OperatorName='Erika Beispiel'>77</ApproverID><Description>rights</Description></OperatorBypassApproval>\
        </RetailPriceModifier></Sale>";
    let (document, problems) = one(&sale("", goods, "1.00"));
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("flag personal_data_removed"));
    let line = &document["body"]["lines"][0];
    assert_eq!(
        (&line["unit_price"], &line["list_price"]),
        (&json!("0.5"), &json!("0.6"))
    );
    assert_eq!(line.get("discounts"), None, "the new price is no discount");
    assert_eq!(
        line["price_override"],
        json!({"original": "0.6", "reason": "torn", "operator": "77"})
    );
    assert_eq!(
        document["body"]["approvals"],
        json!([{"type": "price_override", "operator": "77", "line": 1, "reason": "rights"}])
    );
    assert!(!document.to_string().contains("Erika"));
}

#[test]
fn a_discount_by_hand_stays_a_discount() {
    let goods = "<Sale><ItemID>A</ItemID><RegularSalesUnitPrice>10.00</RegularSalesUnitPrice><ExtendedAmount>9.00</ExtendedAmount>\
        <Quantity>1</Quantity><RetailPriceModifier MethodCode='PriceOverride'><Amount Action='Subtract'>1.00</Amount>\
        <ReasonCode>asked</ReasonCode></RetailPriceModifier></Sale>";
    let (document, problems) = one(&sale("", goods, "9.00"));
    assert_eq!(problems, Vec::<String>::new());
    let line = &document["body"]["lines"][0];
    assert_eq!(line["unit_price"], "10");
    assert_eq!(
        line["discounts"],
        json!([{"amount": "1.00", "code": "asked"}])
    );
    assert_eq!(line["price_override"]["reason"], "asked");
}

#[test]
fn approvals_are_told_with_what_was_allowed() {
    let approval = "<OperatorBypassApproval><ApproverID>8</ApproverID><ReasonCode>none</ReasonCode></OperatorBypassApproval>";
    let returned = format!(
        "<Return><ItemID>A</ItemID><ExtendedAmount>5.00</ExtendedAmount><Quantity>1</Quantity>{approval}</Return>"
    );
    let (document, _) = one(&sale("", &returned, "-5.00"));
    assert_eq!(
        document["body"]["approvals"],
        json!([{"type": "return", "operator": "8", "line": 1, "reason": "none"}])
    );
    let wine = "<Sale><ItemID>A</ItemID><ExtendedAmount>5.00</ExtendedAmount><Quantity>1</Quantity></Sale><OperatorBypassApproval><ApproverID/>\
        <PolicyRuleManager><Policy PolicyID='Age18'><PolicyRule RuleType='CustomerAge'><BusinessAction ActionType='AgeConfirmation'\
        InputValue='18+' IsApproved='Yes'/><ApproverID OperatorName='P. T.'>Px</ApproverID></PolicyRule></Policy></PolicyRuleManager></OperatorBypassApproval>";
    let wine = wine.replace("'AgeConfirmation'", "'AgeConfirmation' ");
    let (document, _) = one(&sale("", &wine, "5.00"));
    assert_eq!(
        document["body"]["approvals"],
        json!([{"type": "age", "operator": "Px", "line": 1, "minimum_age": 18, "passed": true}])
    );
    // A year of birth is no age.
    let born = "<Sale><ItemID>A</ItemID><ExtendedAmount>5.00</ExtendedAmount><Quantity>1</Quantity>\
        <AgeRestriction><Age>1964</Age></AgeRestriction></Sale>";
    let (document, _) = one(&sale("", born, "5.00"));
    assert_eq!(
        document["body"]["approvals"],
        json!([{"type": "age", "line": 1}])
    );
    assert!(!document.to_string().contains("1964"));
}

#[test]
fn a_return_is_linked_by_its_transaction_too() {
    let goods = "<Return><ItemID>A</ItemID><ExtendedAmount>5.00</ExtendedAmount><Quantity>1</Quantity><Disposal><Method>ReturnToStock</Method></Disposal></Return>";
    let link = "<TransactionLink ReasonCode='Return'><WorkstationID>5</WorkstationID><SequenceNumber>42</SequenceNumber></TransactionLink>";
    let text = sale("", goods, "-5.00").replace(
        "</RetailTransaction>",
        &format!("{link}</RetailTransaction>"),
    );
    let (document, problems) = one(&text);
    assert_eq!(problems, Vec::<String>::new());
    let line = &document["body"]["lines"][0];
    assert_eq!(line["returned_from"], json!({"till": "5", "sequence": 42}));
    assert_eq!(line["disposition"], "restock");
}
