package main

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"sync"
)

// stream reads bytes from a large buffer, which is filled again when it is empty.
type stream struct {
	source io.Reader
	buffer []byte
	at     int
	end    int
}

var errGrammar = errors.New("not JSON")

var streams = sync.Pool{New: func() any { return &stream{buffer: make([]byte, 64*1024)} }}

// peek gives the next byte, 0 at the end.
func (s *stream) peek() byte {
	if s.at == s.end && !s.fill() {
		return 0
	}
	return s.buffer[s.at]
}

func (s *stream) fill() bool {
	s.at, s.end = 0, 0
	for s.end == 0 {
		length, err := s.source.Read(s.buffer)
		s.end = length
		if err != nil {
			break
		}
	}
	return s.end > 0
}

// next gives the next byte that is not white space, and stays in front of it.
func (s *stream) next() byte {
	for {
		switch letter := s.peek(); letter {
		case ' ', '\n', '\r', '\t':
			s.at++
		default:
			return letter
		}
	}
}

func (s *stream) expect(letter byte) error {
	if s.next() != letter {
		return errGrammar
	}
	s.at++
	return nil
}

// list calls element for each element of an array, and returns how many there are.
func (s *stream) list(element func(index int) error) (int, error) {
	if err := s.expect('['); err != nil {
		return 0, err
	}
	if s.next() == ']' {
		s.at++
		return 0, nil
	}
	for index := 0; ; index++ {
		if err := element(index); err != nil {
			return 0, err
		}
		switch s.next() {
		case ',':
			s.at++
		case ']':
			s.at++
			return index + 1, nil
		default:
			return 0, errGrammar
		}
	}
}

// number reads one number; single digits, and those followed by .0, cost little.
func (s *stream) number() (float64, error) {
	letter := s.next()
	if s.end-s.at > 4 {
		after := s.buffer[s.at+1]
		if letter >= '0' && letter <= '9' && (after == ',' || after == ']') {
			s.at++
			return float64(letter - '0'), nil
		}
		end := s.buffer[s.at+3]
		if letter >= '0' && letter <= '9' && after == '.' && s.buffer[s.at+2] == '0' &&
			(end == ',' || end == ']') {
			s.at += 3
			return float64(letter - '0'), nil
		}
	}
	var text [64]byte
	digits := text[:0]
	for isNumeric(s.peek()) {
		digits = append(digits, s.buffer[s.at])
		s.at++
	}
	if !json.Valid(digits) {
		return 0, errGrammar
	}
	return strconv.ParseFloat(string(digits), 64)
}

func isNumeric(letter byte) bool {
	return letter >= '0' && letter <= '9' || letter == '.' || letter == '-' || letter == '+' ||
		letter|0x20 == 'e'
}

// rows reads one row without a call for each of its values.
func (s *stream) row(q *question) error {
	if err := s.expect('['); err != nil {
		return err
	}
	for neuron := 0; ; neuron++ {
		value, err := s.number()
		if err == nil {
			err = q.add(neuron, value)
		}
		if err != nil {
			return err
		}
		switch s.next() {
		case ',':
			s.at++
		case ']':
			s.at++
			return q.endRow(neuron + 1)
		default:
			return errGrammar
		}
	}
}

func (s *stream) spikes(q *question) error {
	_, err := s.list(func(int) error {
		q.beginSample()
		steps, err := s.list(func(step int) error {
			err := s.row(q)
			if q.samples == 0 {
				q.steps = step + 1
			}
			return err
		})
		if err != nil {
			return err
		}
		return q.endSample(steps)
	})
	return err
}

// word reads a string without escapes.
func (s *stream) word() (string, error) {
	if err := s.expect('"'); err != nil {
		return "", err
	}
	var letters []byte
	for {
		letter := s.peek()
		s.at++
		switch {
		case letter == '"':
			return string(letters), nil
		case letter < ' ' || letter == '\\':
			return "", errGrammar
		}
		letters = append(letters, letter)
	}
}

func (s *stream) member(q *question, name string) (err error) {
	var number float64
	switch name {
	case "spk":
		return s.spikes(q)
	case "targets":
		_, err = s.list(func(int) error {
			label, err := s.number()
			q.Targets = append(q.Targets, int(label))
			return err
		})
	case "num_classes":
		number, err = s.number()
		q.NumClasses = int(number)
	case "neurons_per_class":
		number, err = s.number()
		q.NeuronsPerClass = int(number)
	case "correct_rate":
		q.CorrectRate, err = s.number()
	case "incorrect_rate":
		q.IncorrectRate, err = s.number()
	case "gradient":
		q.Gradient, err = s.word()
	default:
		err = errors.New("unknown member " + name)
	}
	return err
}

// readStream adds spikes up while the body arrives, and keeps none.
func readStream(body io.Reader) (*question, error) {
	s := streams.Get().(*stream)
	defer streams.Put(s)
	s.source, s.at, s.end = body, 0, 0
	q := &question{binary: true}
	if err := s.expect('{'); err != nil {
		return nil, err
	}
	for {
		name, err := s.word()
		if err == nil {
			err = s.expect(':')
		}
		if err == nil {
			s.next()
			err = s.member(q, name)
		}
		if err != nil {
			return nil, err
		}
		switch s.next() {
		case ',':
			s.at++
			s.next()
		case '}':
			s.at++
			if s.next() != 0 {
				return nil, errGrammar
			}
			return q, nil
		default:
			return nil, errGrammar
		}
	}
}
