// Asks spikelossd for a loss and its gradient, with Go's standard library alone.
//
//	go run examples/first_call.go      SPIKELOSSD_URL names the server, default http://127.0.0.1:8080
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

// Tensor is a flat array with a shape; base64 of packed bits is the smallest spelling of spikes.
type Tensor struct {
	Shape    []int  `json:"shape"`
	Encoding string `json:"encoding"`
	Data     string `json:"data"`
}

// Gradient is small: it is the same at every time step, so its shape is [batch, 1, neurons].
type Gradient struct {
	Shape []int     `json:"shape"`
	Data  []float64 `json:"data"`
}

// Answer is the part that this program needs. A refused request has a detail instead of a loss.
type Answer struct {
	Loss      float64 `json:"loss"`
	Gradients struct {
		Spk Gradient `json:"spk"`
	} `json:"gradients"`
	Detail string `json:"detail"`
}

// bits packs spikes into bytes, the first spike in the highest bit.
func bits(spikes []byte, shape ...int) Tensor {
	packed := make([]byte, (len(spikes)+7)/8)
	for i, spike := range spikes {
		packed[i/8] |= spike << (7 - i%8)
	}
	return Tensor{shape, "bits", base64.StdEncoding.EncodeToString(packed)}
}

// post repeats a request if the connection breaks or the service is stopped: losses are pure functions.
func post(url string, body []byte) (response *http.Response, err error) {
	pause := 100 * time.Millisecond
	for attempt := 0; attempt < 5; attempt++ {
		response, err = http.Post(url, "application/json", bytes.NewReader(body))
		if err == nil && response.StatusCode != http.StatusServiceUnavailable {
			break
		}
		time.Sleep(pause)
		pause *= 2
	}
	return response, err
}

func main() {
	log.SetFlags(0)
	url := os.Getenv("SPIKELOSSD_URL")
	if url == "" {
		url = "http://127.0.0.1:8080"
	}
	spikes := []byte{
		1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0,
		0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0,
	}
	body, err := json.Marshal(map[string]any{
		"spk":               bits(spikes, 2, 4, 4),
		"targets":           []int{0, 0},
		"num_classes":       2,
		"neurons_per_class": 2,
		"correct_rate":      0.75,
		"incorrect_rate":    0.125,
		"gradient":          "broadcast",
	})
	if err != nil {
		log.Fatal(err)
	}
	response, err := post(url+"/v1/losses/balanced_population_mse", body)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	var answer Answer
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		log.Fatalf("status %d, but no JSON: %v", response.StatusCode, err)
	}
	if response.StatusCode != http.StatusOK {
		log.Fatal(answer.Detail)
	}
	fmt.Println("loss:", answer.Loss)
	fmt.Print("gradient:")
	for _, value := range answer.Gradients.Spk.Data {
		fmt.Print(" ", value)
	}
	fmt.Println()
}
