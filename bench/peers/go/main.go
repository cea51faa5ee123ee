// The population loss behind Go's net/http, at spikelossd's path.
//
//	go build -o peer . && ./peer -decoder streaming
//
// Decoders: "streaming" is written by hand and adds spikes up while the body arrives; "json" is
// encoding/json into slices, as most programs have it.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
)

// sums of one tensor for each sample and neuron, and the other members of a request.
type question struct {
	samples, steps, neurons int
	counts                  []float64
	fired                   []int
	binary                  bool
	settings
}

type settings struct {
	Targets          []int   `json:"targets"`
	NumClasses       int     `json:"num_classes"`
	NeuronsPerClass  int     `json:"neurons_per_class"`
	CorrectRate      float64 `json:"correct_rate"`
	IncorrectRate    float64 `json:"incorrect_rate"`
	Gradient         string  `json:"gradient"`
	GradientEncoding string  `json:"gradient_encoding"`
}

var errRagged = errors.New("ragged")

// add counts one value; the first row says how many neurons there are.
func (q *question) add(neuron int, value float64) error {
	if q.samples == 0 && q.steps == 0 {
		q.counts = append(q.counts, 0)
		q.fired = append(q.fired, 0)
		q.neurons++
	}
	if neuron >= q.neurons {
		return errRagged
	}
	q.counts[q.samples*q.neurons+neuron] += value
	if value != 0 {
		q.fired[neuron]++
	}
	q.binary = q.binary && (value == 0 || value == 1)
	return nil
}

func (q *question) endRow(length int) error {
	if length != q.neurons {
		return errRagged
	}
	return nil
}

func (q *question) endSample(steps int) error {
	if q.samples > 0 && steps != q.steps {
		return errRagged
	}
	q.steps = steps
	q.samples++
	return nil
}

func (q *question) beginSample() {
	for len(q.counts) < (q.samples+1)*q.neurons {
		q.counts = append(q.counts, 0)
	}
}

func (q *question) check() error {
	if q.samples*q.steps*q.neurons == 0 || len(q.Targets) != q.samples ||
		q.NumClasses*q.NeuronsPerClass != q.neurons {
		return errors.New("sizes")
	}
	for _, label := range q.Targets {
		if label < 0 || label >= q.NumClasses {
			return errors.New("class")
		}
	}
	return nil
}

type answer struct {
	Loss        float64     `json:"loss"`
	Gradients   *gradients  `json:"gradients,omitempty"`
	Diagnostics diagnostics `json:"diagnostics"`
}

type gradients struct {
	Spk           tensor  `json:"spk"`
	CorrectRate   float64 `json:"correct_rate"`
	IncorrectRate float64 `json:"incorrect_rate"`
}

type tensor struct {
	Shape [3]int    `json:"shape"`
	Data  []float64 `json:"data"`
}

type diagnostics struct {
	Accuracy          float64 `json:"accuracy"`
	Ties              int     `json:"ties"`
	Neurons           int     `json:"neurons"`
	Silent            int     `json:"silent"`
	Saturated         int     `json:"saturated"`
	Binary            bool    `json:"binary"`
	MeanRateCorrect   float64 `json:"mean_rate_correct"`
	MeanRateIncorrect float64 `json:"mean_rate_incorrect"`
}

func (q *question) winner(sample int) (winner int, tied bool) {
	counts := q.counts[sample*q.neurons:]
	best := 0.0
	for class := 0; class < q.NumClasses; class++ {
		total := 0.0
		for _, count := range counts[class*q.NeuronsPerClass : (class+1)*q.NeuronsPerClass] {
			total += count
		}
		switch {
		case class == 0 || total > best:
			best, winner, tied = total, class, false
		case total == best:
			tied = true
		}
	}
	return winner, tied
}

func (q *question) diagnostics(answer *answer, counted [2]float64) {
	told := &answer.Diagnostics
	hits := 0
	for sample, label := range q.Targets {
		winner, tied := q.winner(sample)
		if winner == label {
			hits++
		}
		if tied {
			told.Ties++
		}
	}
	for _, fired := range q.fired[:q.neurons] {
		if fired == 0 {
			told.Silent++
		}
		if fired == q.samples*q.steps {
			told.Saturated++
		}
	}
	correct := q.samples * q.NeuronsPerClass
	told.Accuracy = float64(hits) / float64(q.samples)
	told.Neurons, told.Binary = q.neurons, q.binary
	told.MeanRateCorrect = counted[1] / float64(correct*q.steps)
	if incorrect := q.samples*q.neurons - correct; incorrect > 0 {
		told.MeanRateIncorrect = counted[0] / float64(incorrect*q.steps)
	}
}

func (q *question) evaluate() answer {
	pairs, steps := float64(q.samples*q.neurons), float64(q.steps)
	gradient := make([]float64, q.samples*q.neurons)
	var apart, counted [2]float64
	loss, at := 0.0, 0
	for _, label := range q.Targets {
		for class := 0; class < q.NumClasses; class++ {
			correct, wanted := 0, steps*q.IncorrectRate
			if class == label {
				correct, wanted = 1, steps*q.CorrectRate
			}
			for i := 0; i < q.NeuronsPerClass; i++ {
				difference := q.counts[at] - wanted
				loss += difference * difference
				apart[correct] += difference
				counted[correct] += q.counts[at]
				gradient[at] = 2 * difference / pairs
				at++
			}
		}
	}
	told := answer{Loss: loss / pairs}
	if q.Gradient == "broadcast" {
		told.Gradients = &gradients{
			Spk:           tensor{Shape: [3]int{q.samples, 1, q.neurons}, Data: gradient},
			CorrectRate:   -2 * steps / pairs * apart[1],
			IncorrectRate: -2 * steps / pairs * apart[0],
		}
	}
	q.diagnostics(&told, counted)
	return told
}

// readJSON reads a whole body into slices.
func readJSON(body io.Reader) (*question, error) {
	var request struct {
		Spk [][][]float64 `json:"spk"`
		settings
	}
	if err := json.NewDecoder(body).Decode(&request); err != nil {
		return nil, err
	}
	q := &question{binary: true, settings: request.settings}
	for _, sample := range request.Spk {
		q.beginSample()
		steps := 0
		for _, row := range sample {
			for neuron, value := range row {
				if err := q.add(neuron, value); err != nil {
					return nil, err
				}
			}
			if err := q.endRow(len(row)); err != nil {
				return nil, err
			}
			if steps++; q.samples == 0 {
				q.steps = steps
			}
		}
		if err := q.endSample(steps); err != nil {
			return nil, err
		}
	}
	return q, nil
}

func serve(decode func(io.Reader) (*question, error)) http.HandlerFunc {
	return func(writer http.ResponseWriter, request *http.Request) {
		q, err := decode(request.Body)
		if err == nil {
			err = q.check()
		}
		if err != nil {
			http.Error(writer, err.Error(), http.StatusBadRequest)
			return
		}
		text := q.evaluate().text()
		writer.Header().Set("Content-Type", "application/json")
		writer.Header().Set("Content-Length", strconv.Itoa(len(text)))
		writer.Write(text)
	}
}

// text is what json.Marshal gives, without reflection for the numbers.
func (a answer) text() []byte {
	text := strconv.AppendFloat([]byte(`{"loss":`), a.Loss, 'g', -1, 64)
	if a.Gradients != nil {
		text = append(text, fmt.Sprintf(`,"gradients":{"spk":{"shape":[%d,1,%d],"data":[`,
			a.Gradients.Spk.Shape[0], a.Gradients.Spk.Shape[2])...)
		for i, value := range a.Gradients.Spk.Data {
			if i > 0 {
				text = append(text, ',')
			}
			text = strconv.AppendFloat(text, value, 'g', -1, 64)
		}
		text = append(text, `]},"correct_rate":`...)
		text = strconv.AppendFloat(text, a.Gradients.CorrectRate, 'g', -1, 64)
		text = append(text, `,"incorrect_rate":`...)
		text = strconv.AppendFloat(text, a.Gradients.IncorrectRate, 'g', -1, 64)
		text = append(text, '}')
	}
	told, _ := json.Marshal(a.Diagnostics)
	text = append(text, `,"diagnostics":`...)
	text = append(text, told...)
	return append(text, "}\n"...)
}

func main() {
	name := flag.String("decoder", "streaming", "streaming or json")
	threads := flag.Int("threads", 1, "that run Go code at once")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)
	decoders := map[string]func(io.Reader) (*question, error){"streaming": readStream, "json": readJSON}
	decode, found := decoders[*name]
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if !found || err != nil {
		log.Fatalf("no decoder %s, or no port: %v", *name, err)
	}
	fmt.Fprintf(os.Stderr, "listening on http://%s\n", listener.Addr())
	http.HandleFunc("/v1/losses/balanced_population_mse", serve(decode))
	log.Fatal(http.Serve(listener, nil))
}
