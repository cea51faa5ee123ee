% Asks spikelossd for a loss and its gradient from Octave (7 or later) or MATLAB.
%
%     octave-cli examples/first_call.m     SPIKELOSSD_URL names the server, default http://127.0.0.1:8080

1;  % for Octave: a script, in spite of the functions

function tensor = flat(spikes, shape)
  % In Octave and MATLAB the first index varies fastest, in the service the last. A last dimension of
  % length 1 gets lost. So spikes are sent as a flat list with their shape.
  data = permute(reshape(spikes, shape), numel(shape):-1:1);
  tensor = struct('shape', shape, 'data', {data(:)'});
end

function answer = post(url, request)
  % MATLAB's webwrite sends JSON; Octave's can only send forms, so there curl does it.
  if exist('OCTAVE_VERSION', 'builtin')
    file = tempname();
    handle = fopen(file, 'w');
    fputs(handle, jsonencode(request));
    fclose(handle);
    [~, text] = system(['curl -sS -H "Content-Type: application/json" --data-binary "@', file, '" "', url, '"']);
    delete(file);
    answer = jsondecode(text);
    if ~isfield(answer, 'loss')
      error(['spikelossd:', answer.code], '%s', answer.detail);
    end
  else
    answer = webwrite(url, request, weboptions('MediaType', 'application/json'));
  end
end

url = getenv('SPIKELOSSD_URL');
if isempty(url)
  url = 'http://127.0.0.1:8080';
end

% [batch, time, neurons]: two samples, four time steps, two classes of two neurons each.
spikes = zeros(2, 4, 4);
spikes(1, :, :) = [1 0 0 1; 1 1 0 0; 1 0 0 0; 0 1 0 0];
spikes(2, :, :) = [0 0 1 1; 0 0 1 0; 1 0 1 1; 0 0 1 0];

% The gradient is the same at every time step, so "broadcast" asks for one row a sample.
request = struct('spk', flat(spikes, [2 4 4]), 'targets', [0 0], 'num_classes', 2, ...
                 'neurons_per_class', 2, 'correct_rate', 0.75, 'incorrect_rate', 0.125, ...
                 'gradient', 'broadcast');
answer = post([url, '/v1/losses/balanced_population_mse'], request);

fprintf('loss: %s\n', num2str(answer.loss, 17));
fprintf('gradient:%s\n', sprintf(' %.17g', answer.gradients.spk.data));
