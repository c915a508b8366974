package messagemedia_test

import (
	"context"
	"fmt"
	"log"
	"os"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// Every instance of a receiver calls SyncSignatureKey when it starts. If the store already has
// keys, an instance may start even if the call fails.
func ExampleClient_SyncSignatureKey() {
	api, client := platform()
	defer api.Close()
	ctx := context.Background()
	store := messagemediatest.NewKeyStore() // in your program: NewFileKeyStore, or a database table

	result, err := client.SyncSignatureKey(ctx, store)
	if err != nil {
		keys, storeErr := store.SignatureKeys(ctx)
		if storeErr != nil || len(keys) == 0 {
			log.Fatal(err)
		}
		log.Print(err)
	}
	for _, step := range result.Steps {
		fmt.Println(step.Action, step.Outcome)
	}

	result, err = client.SyncSignatureKey(ctx, store) // in another instance, or at the next start
	fmt.Println(result.EnabledID != "", len(result.Steps), err)
	// Output:
	// create applied
	// store applied
	// enable applied
	// true 0 <nil>
}

// A scheduled job calls RotateSignatureKey. Instances use the new key without a restart.
func ExampleClient_RotateSignatureKey() {
	api, client := platform()
	defer api.Close()
	ctx := context.Background()
	store := messagemediatest.NewKeyStore()
	if _, err := client.SyncSignatureKey(ctx, store); err != nil {
		log.Fatal(err)
	}

	result, err := client.RotateSignatureKey(ctx, store)
	if err != nil {
		log.Fatal(err)
	}
	for _, step := range result.Steps {
		fmt.Println(step.Action, step.Outcome)
	}
	fmt.Println("kept for deliveries in transit:", len(result.Kept))
	// Output:
	// create applied
	// store applied
	// enable applied
	// replace applied
	// kept for deliveries in transit: 1
}

func ExampleNewFileKeyStore() {
	api, client := platform()
	defer api.Close()
	directory, err := os.MkdirTemp("", "signature-keys") // in your program: on a volume that outlives it
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(directory)

	store, err := messagemedia.NewFileKeyStore(directory)
	if err != nil {
		log.Fatal(err)
	}
	result, err := client.SyncSignatureKey(context.Background(), store)
	if err != nil {
		log.Fatal(err)
	}
	files, err := os.ReadDir(directory)
	fmt.Println(len(files), files[0].Name() == "key-"+result.EnabledID+".json", err)
	// Output: 1 true <nil>
}
