//! Inputs that provoke every way out that a message offers.

use crate::support::rows;

/// An input, the command that it provokes, and ways out whose value the message leaves to its reader:
/// the words, and what is typed for them; nothing where they are no way out.
pub struct Case {
    pub table: String,
    pub command: &'static str,
    pub typed: &'static [(&'static str, &'static str)],
}

fn case(table: impl Into<String>, command: &'static str) -> Case {
    Case { table: table.into(), command, typed: &[] }
}

fn lines(header: &str, row: impl Fn(usize) -> String, count: usize) -> String {
    let rows: Vec<String> = (0..count).map(row).collect();
    format!("{header}\n{}\n", rows.join("\n"))
}

/// A number that does not repeat.
fn number(k: usize) -> f64 {
    (k as f64 * 0.618_033_988_7).fract() + 1e-3 * (k as f64 * 0.377).sin()
}

/// All of them.
pub fn cases() -> Vec<Case> {
    let words = |name: &str| {
        lines(&format!("a,{name},c"), |k| format!("{},w{},{}", number(k), k % 4, number(k + 7)), 90)
    };
    let many = |name: &str| lines(&format!("a,{name}"), |k| format!("{},w{k}", number(k)), 400);
    let gap = |gap: &str| {
        lines(
            "a,b",
            |k| {
                format!(
                    "{},{}",
                    number(k),
                    if k % 9 == 4 { gap.to_owned() } else { number(k + 3).to_string() }
                )
            },
            90,
        )
    };
    let weights = |odd: &str| {
        lines("w,a", |k| format!("{},{}", if k == 5 { odd } else { "2" }, number(k)), 90)
    };
    let constant = |name: &str| lines(&format!("a,{name}"), |k| format!("{},7", number(k)), 90);
    let whole =
        |name: &str| lines(&format!("a,{name}"), |k| format!("{},{}", number(k), (k * k) % 17), 90);
    let copy = |name: &str| {
        lines(
            &format!("a,c,{name}"),
            |k| format!("{},{},{}", number(k), number(3 * k + 1), number(k)),
            90,
        )
    };
    let bare = lines("0.5,0.25", |k| format!("{},{}", number(k), number(k + 3)), 90);
    let typed = |mut case: Case, typed| {
        case.typed = typed;
        case
    };
    vec![
        // Text, under names that shells, commas and options have a meaning for.
        case(words("b"), "fit TABLE"),
        case(words("\"size, m\""), "fit TABLE"),
        case(words("-x"), "fit TABLE"),
        case(words("it's"), "fit TABLE"),
        case(words("\"a\nb\""), "fit TABLE"),
        case(words("b"), "fit TABLE --columns a,b,c"),
        case(lines("b", |k| format!("w{}", k % 4), 90), "fit TABLE"),
        case(many("b"), "fit TABLE"),
        case(many("b"), "fit TABLE --categorical b"),
        case(many("b"), "fit TABLE --columns a,b --categorical b"),
        case(lines("a;b", |k| format!("{};{k},5", k * k), 90), "fit TABLE --delimiter ;"),
        case(lines("a,b", |k| format!("\"{k},25\",\"{},5\"", k * k), 90), "fit TABLE"),
        case(
            lines(
                "a;b",
                |k| format!("{k};{}", if k == 60 { "1,5".to_owned() } else { (k * k).to_string() }),
                90,
            ),
            "fit TABLE",
        ),
        // The header.
        case(bare.clone(), "fit TABLE"),
        case(bare.replacen("0.5,0.25", "0.5,0.5", 1), "fit TABLE"),
        case(rows(1, 40).replacen("a,b,c\n", "", 1), "score model.gauss TABLE"),
        case(rows(1, 40).replace(',', " "), "score model.gauss TABLE"),
        case(rows(1, 40).replace(',', ":"), "score model.gauss TABLE"),
        case(rows(1, 40).replace(',', "\t"), "score model.gauss TABLE --delimiter ,"),
        case(words("").replace(",w", ","), "fit TABLE"),
        case(words("").replace(",w", ","), "fit TABLE --columns a,,c"),
        typed(
            case(
                lines("Unnamed: 0,a,b", |k| format!("{k},{},{}", number(k), number(k + 3)), 90),
                "fit TABLE",
            ),
            &[("--columns takes it", "--columns 'Unnamed: 0,a,b'")],
        ),
        typed(
            case(rows(1, 40), "score model.gauss TABLE --no-header"),
            &[("also with --no-header", "")],
        ),
        // Cells without a value.
        case(gap(""), "fit TABLE"),
        case(gap("inf"), "fit TABLE"),
        case(gap("inf"), "fit TABLE --missing median"),
        case(
            lines(
                "a,b",
                |k| if k % 2 == 0 { format!("{},", number(k)) } else { format!(",{}", number(k)) },
                90,
            ),
            "fit TABLE",
        ),
        case(
            lines(
                "a,b",
                |k| if k % 2 == 0 { format!("{},", number(k)) } else { format!(",{}", number(k)) },
                90,
            ),
            "fit TABLE --missing drop",
        ),
        case(lines("a,b", |k| format!("{},", number(k)), 90), "fit TABLE --missing median"),
        case(
            lines("a,b", |k| format!("{},", number(k)), 90),
            "fit TABLE --missing median --columns a,b",
        ),
        case("a,b,c\n1,,3\n", "score model.gauss TABLE"),
        case("a,b,c\n1,,3\n1,2,3\n", "score model.gauss TABLE"),
        // Weights.
        case(weights("NA"), "fit TABLE --weights w"),
        case(
            lines("weight,a", |k| format!("{},{}", number(k) + 1.0, number(3 * k)), 90),
            "fit TABLE",
        ),
        // Columns that cannot be learnt, or have no density of their own.
        case(constant("k"), "fit TABLE"),
        case(constant("\"k,l\""), "fit TABLE --integer 'k?l'"),
        case(constant("k"), "fit TABLE --integer k"),
        case(constant("k"), "fit TABLE --support k>0"),
        case(constant("k"), "fit TABLE --columns a,k"),
        typed(
            case("a,b,c\n1,2,3\n2,5,4\n4,3,9\n", "fit TABLE"),
            &[("choose fewer columns with --columns", "--columns a")],
        ),
        case(whole("n"), "fit TABLE"),
        case(whole("\"n, m\""), "fit TABLE"),
        case(whole("-n"), "fit TABLE"),
        case(whole("n"), "fit TABLE --columns a,n"),
        case(
            lines("a,p", |k| format!("{},{}", number(k), (6.0 * number(k)).exp()), 90),
            "fit TABLE",
        ),
        case(
            lines("a,s", |k| format!("{},{}", number(k), number(5 * k).clamp(0.001, 0.999)), 400),
            "fit TABLE",
        ),
        case(copy("b"), "fit TABLE"),
        case(copy("\"b, d\""), "fit TABLE"),
        case(copy("-b"), "fit TABLE"),
        case(copy("b"), "fit TABLE --columns a,c,b"),
        case(
            lines("a,n", |k| format!("{},{}", number(k), k as f64 + 0.5), 90),
            "fit TABLE --integer n",
        ),
        case(
            lines("a,n", |k| format!("{},{}", number(k), (k * k) << 33), 90),
            "fit TABLE --integer n",
        ),
        case("a,b,c\n,2,3\n1,2,3\n", "score old.gauss TABLE --missing median"),
        // Command lines.
        typed(
            case(rows(1, 20), "plot model.gauss TABLE --out figures --only qq --pair a"),
            &[("--pair wants two columns", "")],
        ),
        typed(
            case(rows(1, 60), "report model.gauss TABLE --out r.html --train TABLE"),
            &[("--train is TABLE itself", "")],
        ),
        typed(
            case(rows(1, 90), "fit TABLE --kind mixture --blocks 2"),
            &[("--blocks is about blocks", "")],
        ),
        typed(
            case(rows(1, 20), "score model.gauss TABLE --out s.xlsx"),
            &[("name the format with --format", "--format csv")],
        ),
        typed(
            case(rows(1, 20), "score model.gauss TABLE --out TABLE"),
            &[("choose another --out", "--out s.csv")],
        ),
        typed(
            case(rows(1, 20), "plot model.gauss TABLE --out train.csv --only qq"),
            &[("choose another --out", "--out figures")],
        ),
    ]
}
