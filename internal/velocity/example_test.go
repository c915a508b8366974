package velocity_test

import (
	"context"
	"fmt"
	"log"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

func Example() {
	variables := velocity.NewMap()
	variables.Set("mtId", velocity.String(`a "quoted" ID`))

	template, err := velocity.Parse(`{"id": "$esc.json($mtId)"}`)
	if err != nil {
		log.Fatal(err)
	}
	output, err := template.Render(context.Background(), variables, velocity.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(output)
	// Output: {"id": "a \"quoted\" ID"}
}
