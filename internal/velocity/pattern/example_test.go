package pattern_test

import (
	"fmt"
	"log"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity/pattern"
)

func ExamplePattern_Find() {
	expression, err := pattern.Compile(`(\w+)@(\w+)`)
	if err != nil {
		log.Fatal(err)
	}
	total := 0
	groups, err := expression.Find("ada@example", 0, func(work int) error {
		total += work
		return nil
	})
	fmt.Println(groups, err, total > 0)
	// Output: [0 11 0 3 4 11] <nil> true
}
