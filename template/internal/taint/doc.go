// Package taint follows what strangers wrote through a template, into the place of a
// payload that it can reach.
//
// It is an abstract interpretation. A value is not one text but all texts that it can be,
// see [star]; a place is where in a payload the output stands, as in a string of a JSON
// text that is itself a value of a form, see [position]. Both branches of a condition are
// followed, and loops until nothing new comes out of them, so that what is found does
// not depend on an event that happens to be rendered. Wherever a text reaches a place in
// which it could mean something else than itself, that is a [Finding].
//
// What a condition says of a text is used: behind #if($x.matches("[0-9]+")), $x has
// digits only. What can't be known is taken to be the worst.
package taint
