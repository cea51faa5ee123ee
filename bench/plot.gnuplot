# Called by page.py with data, out, count, shape and lowest. A bar is a box of boxxyerror: x from the
# axis to the time, y around the bar's place. Colours are readable for the colour-blind.
set terminal svg size 900,90+26*count font "sans-serif,13" background "white"
set output out
set title "Loss and gradient of ".shape." spikes in milliseconds"
set logscale x
set xrange [lowest:*]
set yrange [-0.7:count-0.3]
set grid xtics lc rgb "#dddddd"
set border 1
set tics nomirror scale 0
set format x "%g"
set lmargin 34
set rmargin 10
set style fill solid
unset key
colour(kind) = kind == 1 ? 0x0072b2 : kind == 2 ? 0x999999 : 0xe69f00
plot data using (lowest):1:(lowest):2:($1-0.36):($1+0.36):(colour($4)):ytic(3) \
       with boxxyerror lc rgb variable, \
     data using 2:1:(sprintf($2 < 100 ? " %.3g" : " %.0f", $2)) with labels left
