package velocity

import (
	"math"
	"math/big"
	"strings"
	"unicode"
	"unicode/utf16"
)

// hash returns the hashCode of Java.
func (r *renderer) hash(v Value, depth int) (int32, error) {
	if err := r.step(); err != nil {
		return 0, err
	}
	if depth > r.limits.Depth {
		return 0, failure(r.at, Limit, "lists or maps nested deeper than %d levels", r.limits.Depth)
	}
	switch v := v.(type) {
	case *List:
		return r.hashList(v, depth)
	case *Map:
		return r.hashEntries(v.entries, depth)
	case Entry:
		return r.hashPair(v, depth)
	case String:
		return hashText(string(v)), r.charge(len(v))
	}
	return hashSimple(v), nil
}

func (r *renderer) hashList(l *List, depth int) (int32, error) {
	hash := int32(1)
	if l.kind == set {
		hash = 0
	}
	for _, item := range l.items {
		code, err := r.hash(item, depth+1)
		if err != nil {
			return 0, err
		}
		if l.kind != set {
			hash *= 31
		}
		hash += code
	}
	return hash, nil
}

func (r *renderer) hashEntries(entries []Entry, depth int) (int32, error) {
	sum := int32(0)
	for _, entry := range entries {
		code, err := r.hashPair(entry, depth)
		if err != nil {
			return 0, err
		}
		sum += code
	}
	return sum, nil
}

func (r *renderer) hashPair(e Entry, depth int) (int32, error) {
	key, err := r.hash(e.Key, depth+1)
	if err != nil {
		return 0, err
	}
	value, err := r.hash(e.Value, depth+1)
	return key ^ value, err
}

func hashText(s string) int32 {
	hash := int32(0)
	for _, c := range s {
		if first, second := utf16.EncodeRune(c); first != unicode.ReplacementChar {
			hash = 31*hash + first
			c = second
		}
		hash = 31*hash + c
	}
	return hash
}

func hashSimple(v Value) int32 {
	switch v := v.(type) {
	case Bool:
		if v {
			return 1231
		}
		return 1237
	case Integer:
		if v == Integer(int32(v)) {
			return int32(v)
		}
		return hashBits(uint64(v))
	case Float:
		return hashBits(math.Float64bits(float64(v)))
	case *large:
		return hashLarge(v.Int)
	case character:
		return hashText(string(v))
	}
	return 0
}

func hashBits(bits uint64) int32 { return int32(bits ^ bits>>32) }

func hashLarge(n *big.Int) int32 {
	hash := int32(0)
	bytes := n.Bytes()
	for len(bytes)%4 != 0 {
		bytes = append([]byte{0}, bytes...)
	}
	for ; len(bytes) > 0; bytes = bytes[4:] {
		word := int32(bytes[0])<<24 | int32(bytes[1])<<16 | int32(bytes[2])<<8 | int32(bytes[3])
		hash = 31*hash + word
	}
	return hash * int32(n.Sign())
}

func (c class) simpleName() string {
	return string(c[strings.LastIndexAny(string(c), ".$")+1:])
}
