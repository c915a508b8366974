// Package taint follows untrusted input through a template to the places of the payload that
// it can reach.
//
// It is an abstract interpretation. A value is the set of all texts that it can be, see
// [star]. A place is a position in the structure of the payload, such as a string of a JSON
// text within a value of a form, see [position]. The analysis follows every branch of a
// condition, and repeats loops up to a fixed point, so the result does not depend on the
// sample events. A text that can change the structure at its place is a [Finding].
//
// The analysis uses conditions: after #if($x.matches("[0-9]+")), $x has digits only. It
// assumes the worst of anything unknown.
package taint
