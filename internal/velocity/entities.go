package velocity

import "strings"

// latinEntities are the names that HTML 4 has for the characters from U+00A0 on.
var latinEntities = strings.Fields(`
	nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2
	sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc
	Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve
	Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute
	acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde
	ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml
`)

// entities are the names that HTML 4 has for other characters.
var entities = map[rune]string{
	0x0152: "OElig", 0x0153: "oelig", 0x0160: "Scaron", 0x0161: "scaron", 0x0178: "Yuml",
	0x0192: "fnof", 0x02c6: "circ", 0x02dc: "tilde", 0x0391: "Alpha", 0x0392: "Beta",
	0x0393: "Gamma", 0x0394: "Delta", 0x0395: "Epsilon", 0x0396: "Zeta", 0x0397: "Eta",
	0x0398: "Theta", 0x0399: "Iota", 0x039a: "Kappa", 0x039b: "Lambda", 0x039c: "Mu",
	0x039d: "Nu", 0x039e: "Xi", 0x039f: "Omicron", 0x03a0: "Pi", 0x03a1: "Rho",
	0x03a3: "Sigma", 0x03a4: "Tau", 0x03a5: "Upsilon", 0x03a6: "Phi", 0x03a7: "Chi",
	0x03a8: "Psi", 0x03a9: "Omega", 0x03b1: "alpha", 0x03b2: "beta", 0x03b3: "gamma",
	0x03b4: "delta", 0x03b5: "epsilon", 0x03b6: "zeta", 0x03b7: "eta", 0x03b8: "theta",
	0x03b9: "iota", 0x03ba: "kappa", 0x03bb: "lambda", 0x03bc: "mu", 0x03bd: "nu",
	0x03be: "xi", 0x03bf: "omicron", 0x03c0: "pi", 0x03c1: "rho", 0x03c2: "sigmaf",
	0x03c3: "sigma", 0x03c4: "tau", 0x03c5: "upsilon", 0x03c6: "phi", 0x03c7: "chi",
	0x03c8: "psi", 0x03c9: "omega", 0x03d1: "thetasym", 0x03d2: "upsih", 0x03d6: "piv",
	0x2002: "ensp", 0x2003: "emsp", 0x2009: "thinsp", 0x200c: "zwnj", 0x200d: "zwj",
	0x200e: "lrm", 0x200f: "rlm", 0x2013: "ndash", 0x2014: "mdash", 0x2018: "lsquo",
	0x2019: "rsquo", 0x201a: "sbquo", 0x201c: "ldquo", 0x201d: "rdquo", 0x201e: "bdquo",
	0x2020: "dagger", 0x2021: "Dagger", 0x2022: "bull", 0x2026: "hellip", 0x2030: "permil",
	0x2032: "prime", 0x2033: "Prime", 0x2039: "lsaquo", 0x203a: "rsaquo", 0x203e: "oline",
	0x2044: "frasl", 0x20ac: "euro", 0x2111: "image", 0x2118: "weierp", 0x211c: "real",
	0x2122: "trade", 0x2135: "alefsym", 0x2190: "larr", 0x2191: "uarr", 0x2192: "rarr",
	0x2193: "darr", 0x2194: "harr", 0x21b5: "crarr", 0x21d0: "lArr", 0x21d1: "uArr",
	0x21d2: "rArr", 0x21d3: "dArr", 0x21d4: "hArr", 0x2200: "forall", 0x2202: "part",
	0x2203: "exist", 0x2205: "empty", 0x2207: "nabla", 0x2208: "isin", 0x2209: "notin",
	0x220b: "ni", 0x220f: "prod", 0x2211: "sum", 0x2212: "minus", 0x2217: "lowast",
	0x221a: "radic", 0x221d: "prop", 0x221e: "infin", 0x2220: "ang", 0x2227: "and",
	0x2228: "or", 0x2229: "cap", 0x222a: "cup", 0x222b: "int", 0x2234: "there4",
	0x223c: "sim", 0x2245: "cong", 0x2248: "asymp", 0x2260: "ne", 0x2261: "equiv",
	0x2264: "le", 0x2265: "ge", 0x2282: "sub", 0x2283: "sup", 0x2286: "sube",
	0x2287: "supe", 0x2295: "oplus", 0x2297: "otimes", 0x22a5: "perp", 0x22c5: "sdot",
	0x2308: "lceil", 0x2309: "rceil", 0x230a: "lfloor", 0x230b: "rfloor", 0x2329: "lang",
	0x232a: "rang", 0x25ca: "loz", 0x2660: "spades", 0x2663: "clubs", 0x2665: "hearts",
	0x2666: "diams",
}
