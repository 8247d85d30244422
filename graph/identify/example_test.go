package identify_test

import (
	"context"
	"fmt"
	"log"

	"github.com/mitigraph/mitigraph/graph/identify"
	"github.com/mitigraph/mitigraph/mitre"
)

func ExampleModel_Identify() {
	ctx := context.Background()
	catalog, err := mitre.Embedded() // an official release answers better
	if err != nil {
		log.Fatal(err)
	}
	model, err := identify.New(ctx, catalog, identify.Options{})
	if err != nil {
		log.Fatal(err)
	}
	found, err := model.Identify(ctx, "The report maps the flooding of the alarm list to T0878.", identify.Query{Top: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, match := range found {
		fmt.Println(match.ID, match.Name, match.Score, match.Because[0])
	}
	// Output: T0878 Alarm Suppression 1 the text names T0878
}
