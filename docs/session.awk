# Makes docs/session.svg of docs/session.txt: a terminal with these lines, wrapped where they are too long. What was typed is
# bright, what was said about it dim, as it cannot be mistaken for output then. Signs have the colours that they have on a terminal
# (src/ui/paint.rs).
#   awk -f docs/session.awk docs/session.txt > docs/session.svg
BEGIN {
    columns = 112
    count = 0
    colour["+"] = "#3fb950"
    colour["~"] = "#d29922"
    colour["!"] = "#d66efd"
    colour["-"] = "#f85149"
    colour["?"] = "#39c5cf"
}

function escaped(text) {
    gsub(/&/, "\\&amp;", text)
    gsub(/</, "\\&lt;", text)
    gsub(/>/, "\\&gt;", text)
    return text
}

# The same with the sign of a change in its colour, if it begins with one.
function painted(text,    begin, sign) {
    begin = text ~ /^gosync NOTICE: / ? length("gosync NOTICE: ") : 0
    sign = substr(text, begin + 1, 1)
    if (!(sign in colour) || substr(text, begin + 2, 1) != " ")
        return escaped(text)
    return escaped(substr(text, 1, begin)) "<tspan fill=\"" colour[sign] "\" font-weight=\"bold\">" sign "</tspan>" \
        escaped(substr(text, begin + 2))
}

# Where `text` is broken: before the last blank that fits, else where it is full.
function fits(text,    at) {
    if (length(text) <= columns)
        return length(text)
    for (at = columns + 1; at > 20; at--)
        if (substr(text, at, 1) == " ")
            return at - 1
    return columns
}

{
    class = /^\$ / ? "typed" : /^# / ? "note" : "said"
    rest = $0
    do {
        end = fits(rest)
        line[++count] = substr(rest, 1, end)
        look[count] = class
        rest = substr(rest, end + 1)
        sub(/^ +/, "", rest)
        if (rest != "")
            rest = "    " rest
    } while (rest != "")
}

END {
    high = 20 + 18 * count
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"880\" height=\"%d\" viewBox=\"0 0 880 %d\" role=\"img\">\n", high, high
    print "<title>A recorded session of gosync; the same as text: docs/session.txt</title>"
    print "<style>"
    print "text { font: 12.5px ui-monospace, Menlo, Consolas, \"DejaVu Sans Mono\", \"Liberation Mono\", monospace; white-space: pre; fill: #d0d7de }"
    print ".typed { fill: #ffffff; font-weight: bold }"
    print ".note { fill: #8b949e; font-style: italic }"
    print "</style>"
    print "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#0d1117\"/>"
    for (n = 1; n <= count; n++)
        if (line[n] != "")
            printf "<text class=\"%s\" x=\"14\" y=\"%d\" xml:space=\"preserve\">%s</text>\n", look[n], 8 + 18 * n, painted(line[n])
    print "</svg>"
}
