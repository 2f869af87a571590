"""Words that stand for no value among numbers: of historians, spreadsheets, meters, programs and people."""

from __future__ import annotations

import pyarrow as pa

# fmt: off
_HISTORIANS = (
    "bad", "bad input", "bad data", "bad value", "bad quality", "bad_data", "baddata", "no data", "nodata",
    "no_data", "no sample", "no result", "no value", "novalue", "i/o timeout", "io timeout", "timeout",
    "timed out", "time out", "comm fail", "comm failure", "comm error", "comm loss", "comm err",
    "communication error", "communication failure", "not connect", "not connected", "disconnected",
    "disconnect", "configure", "not configured", "pt created", "scan off", "scan timeout", "scan off-line",
    "shutdown", "intf shut", "calc failed", "calc off", "calc crash", "calc timeout", "calc overflow",
    "under range", "underrange", "over range", "overrange", "out of range", "out of service", "out of serv",
    "out of order", "unit down", "failed", "fail", "sensor fail", "sensor failure", "sensor error",
    "device error", "device failure", "dcs failed", "digital state", "invalid", "invalid data", "inv data",
    "invalid float", "inp out of range", "access denied", "arc offline", "arc off-line", "set to bad",
    "substituted", "questionable", "unknown", "uncertain", "stale", "stale data", "offline", "off-line",
    "unavailable", "not available", "not available.", "unreadable", "missing", "doubtful", "trace", "error",
    "err", "err.", "fault", "bad total", "bad_comm", "badcomm", "no comm", "bad tag",
    "no good data for calculation", "interface shut", "init", "last known value", "read error", "read fail",
    "read failed", "not ready", "undefined", "undef", "empty", "void",
)
_SPREADSHEETS = (
    "#div/0!", "#n/a", "#na", "#n/a n/a", "#ref!", "#value!", "#name?", "#num!", "#null!", "#spill!", "#calc!",
    "#field!", "#getting_data", "#blocked!", "#unknown!", "#error!", "#error", "#wert!", "#bezug!", "#zahl!",
    "#nv", "#valeur!", "#값!", "#없음!",
)
_PROGRAMS = (
    "1.#qnan", "1.#ind", "1.#inf", "1.#snan", "1.#j", "1.#r", "1.#io", "-1.#ind", "-1.#inf", "-1.#qnan",
    "1.#qnan0", "1.#ind00", "-1.#ind00", "1.#inf00", "-1.#inf00", "1.#qnan00", "-1.#qnan00", "nan(ind)",
    "-nan(ind)", "nan(snan)", "-nan", "+nan", "nan0", "qnan", "snan", "+infinity", "<na>", "(null)", "<null>",
    "[null]", "\\n", "nul", "nil", "dbnull", "nat", "not a number", "na()", "none.", "system.dbnull", "∞", "-∞",
    "#inf", "nan%", "nanf",
)
_METERS = (
    "ol", "o.l", "o.l.", "o/l", "0l", "-ol", "+ol", "-ol-", "ovld", "ovfl", "ovf", "over", "overload",
    "overflow", "under", "underflow", "unfl", "open", "open tc", "tc open", "opentc", "open circuit", "short",
    "burnout", "burn out", "b.out", "hi", "lo", "hh", "ll", "----", "---", "-----", "------", "+over", "-over",
    "err1", "err2", "lost", "no signal", "nosignal", "no reading", "not measured", "n.m.", "nm.", "n.d.", "nd",
    "n/d", "n.a.", "n.a", "n.v.", "k.a.", "k.w.", "skip", "skipped", "not tested", "nt", "n/t", "s/d", "sd",
    "ns", "tbd", "x", "xx", "xxx",
)
_SIGNS = (
    ".", "..", "...", "*", "**", "***", "****", "/", "//", "_", "__", "~", "–", "—", "――", "ー", "・", "\u2026",
    "??", "???", "!", "!!", "^", "+", "#",
)
_PEOPLE = (
    "없음", "무효", "미측정", "측정불가", "측정 불가", "통신오류", "통신 오류", "통신에러", "통신 에러",
    "통신두절", "통신 두절", "에러", "오류", "불량데이터", "데이터없음", "데이터 없음", "값없음", "미상",
    "미수신", "단선", "고장", "점검", "점검중", "범위초과", "범위 초과", "결측치", "欠測", "欠損", "欠測値",
    "データなし", "エラー", "無効", "無", "なし", "缺失", "缺测", "无", "无数据", "无效", "错误", "通讯故障",
    "超量程", "keine daten", "ungültig", "fehler", "fehlt", "erreur", "pas de données", "sin datos",
)
# fmt: on
KNOWN = frozenset((*_HISTORIANS, *_SPREADSHEETS, *_PROGRAMS, *_METERS, *_SIGNS, *_PEOPLE))
KNOWN_ARROW = pa.array(sorted(KNOWN))
RULERS = r"^[#*\-_=.~?/xX]{2,}$"  # ######## where a spreadsheet's column was too narrow
