package velocity

import (
	"slices"
	"strings"
)

// BeanType is a type of objects that have only properties. A template reads `$x.name` or
// `$x.getName()`. It can't set a property or call methods of a map. A BeanType is
// immutable.
type BeanType struct {
	kind       *kind
	class      string
	properties []string
}

// NewBeanType returns a type with a Java class name and properties. The property
// "contentType" has the method getContentType().
func NewBeanType(class string, properties ...string) *BeanType {
	getters := methods{}
	for i, property := range properties {
		getters["get"+strings.ToUpper(property[:1])+property[1:]] = of(func(b *Bean) Value { return b.values[i] })
	}
	return &BeanType{newKind(class, getters), class, slices.Clone(properties)}
}

// Properties returns the names of the properties.
func (t *BeanType) Properties() []string { return slices.Clone(t.properties) }

// New returns an object with the values of the properties, in the order of the type.
// Missing values are null.
func (t *BeanType) New(values ...Value) *Bean {
	b := &Bean{t, make([]Value, len(t.properties))}
	copy(b.values, values)
	return b
}

// Bean is an object of a [BeanType]. It is immutable.
type Bean struct {
	beanType *BeanType
	values   []Value
}

// Get returns the value of a property, or nil if the type has no such property.
func (b *Bean) Get(property string) Value {
	if i := slices.Index(b.beanType.properties, property); i >= 0 {
		return b.values[i]
	}
	return nil
}
