#!/usr/bin/perl
# An X-bar/R chart as they were drawn when sites were scripts: subgroups of five from a CSV file, Western Electric's
# rules, one page of HTML with an SVG in it.
#
# In:     SPC_CSV, the path of the file: a line of names, then a time and five measurements in each line.
# Out:    the same chart as spc/drawing/page.py, which the tests hold it against.
# Rules:  A2, D3, D4 for n = 5 as tables print them; a subgroup with an empty cell is left out.
use strict;
use warnings;

my ($A2, $D3, $D4) = (0.5768, 0, 2.1145);
my ($LEFT, $RIGHT, $TOP, $HEIGHT, $GAP, $WIDTH) = (700, 10800, 460, 2600, 260, 12000);

my ($means, $ranges) = read_subgroups($ENV{SPC_CSV});
my ($mean, $range) = (average($means), average($ranges));
my @panels = (
    { name => 'X-bar', values => $means, centre => $mean,
      lower => $mean - $A2 * $range, upper => $mean + $A2 * $range, sigma => $A2 * $range / 3 },
    { name => 'R', values => $ranges, centre => $range,
      lower => $D3 * $range, upper => $D4 * $range, sigma => ($D4 - 1) * $range / 3 },
);
my $title = escape($ENV{SPC_CSV} =~ m{([^/]+?)(?:\.[^./]*)?$});
my $height = $TOP + 2 * $HEIGHT + $GAP + 240;

print "Content-Type: text/html; charset=utf-8\n\n";
print "<!DOCTYPE html>\n<html lang=en><meta charset=utf-8><title>$title</title>\n";
print "<h1>$title</h1>\n<p>", scalar @$means, " subgroups</p>\n";
print qq{<svg xmlns="http://www.w3.org/2000/svg" width="@{[$WIDTH / 10]}" height="@{[$height / 10]}" },
    qq{viewBox="0 0 $WIDTH $height" font-family="sans-serif" font-size="120" fill="none">\n};
draw($panels[$_], $TOP + $_ * ($HEIGHT + $GAP)) for 0, 1;
print "</svg></html>\n";

sub read_subgroups {
    my ($path) = @_;
    my (@means, @ranges);
    open my $file, '<', $path or die "cannot read $path: $!\n";
    <$file>;
    while (my $line = <$file>) {
        chomp $line;
        my (undef, @values) = split /,/, $line, -1;
        next if grep { $_ eq '' } @values;
        my ($sum, $least, $most) = (0, $values[0], $values[0]);
        for my $value (@values) {
            $sum += $value;
            $least = $value if $value < $least;
            $most = $value if $value > $most;
        }
        push @means, $sum / @values;
        push @ranges, $most - $least;
    }
    close $file;
    return (\@means, \@ranges);
}

sub average {
    my ($values) = @_;
    my $sum = 0;
    $sum += $_ for @$values;
    return $sum / @$values;
}

# Point -> names of the rules that it completes: so many of the last so many points beyond so many sigmas, on one side.
sub broken {
    my ($panel) = @_;
    my %found;
    for my $rule ([ 'WE1', 1, 1, 3 ], [ 'WE2', 2, 3, 2 ], [ 'WE3', 4, 5, 1 ], [ 'WE4', 8, 8, 0 ]) {
        my ($name, $run, $out_of, $sigmas) = @$rule;
        my $line = $sigmas * $panel->{sigma};
        my @values = @{ $panel->{values} };
        for my $side (1, -1) {
            my @fits = map { $side * ($_ - $panel->{centre}) > $line ? 1 : 0 } @values;
            my $count = 0;
            for my $at (0 .. $#fits) {
                $count += $fits[$at];
                $count -= $fits[ $at - $out_of ] if $at >= $out_of;
                push @{ $found{$at} }, $name if $fits[$at] && $count >= $run;
            }
        }
    }
    return \%found;
}

sub draw {
    my ($panel, $top) = @_;
    my @values = @{ $panel->{values} };
    my ($low, $high) = @$panel{qw(lower upper)};
    for my $value (@values) {
        $low = $value if $value < $low;
        $high = $value if $value > $high;
    }
    my $room = ($high - $low) * 0.06;
    ($low, $high) = ($low - $room, $high + $room);
    my $x = sub { int($LEFT + ($_[0] + 0.5) / @values * ($RIGHT - $LEFT) + 0.5) };
    my $y = sub { int($top + $HEIGHT - ($_[0] - $low) / ($high - $low) * $HEIGHT + 0.5) };

    print "<g>\n";
    for my $zone ([ 3, '#fde2e1' ], [ 2, '#fff3cd' ], [ 1, '#e2f3e5' ]) {
        my ($sigmas, $colour) = @$zone;
        my $above = $panel->{centre} + $sigmas * $panel->{sigma};
        my $below = $panel->{centre} - $sigmas * $panel->{sigma};
        $below = $panel->{lower} if $below < $panel->{lower};
        my $span = $y->($below) - $y->($above);
        print qq{<rect fill="$colour" x="$LEFT" y="@{[$y->($above)]}" width="@{[$RIGHT - $LEFT]}" height="$span"/>\n};
    }
    print qq{<text x="$LEFT" y="@{[$top - 50]}" font-weight="bold" fill="#444">$panel->{name}</text>\n};
    print qq{<path stroke="#1f4e79" stroke-width="10" d="M},
        join(' ', map { $x->($_) . ' ' . $y->($values[$_]) } 0 .. $#values), qq{"/>\n};
    for my $line ([ 'UCL', 'upper' ], [ 'CL', 'centre' ], [ 'LCL', 'lower' ]) {
        my ($label, $name) = @$line;
        my $colour = $name eq 'centre' ? '#2d7d46' : '#c0392b';
        my ($value, $at) = ($panel->{$name}, $y->($panel->{$name}));
        print qq{<path stroke="$colour" stroke-width="12" d="M$LEFT ${at}H$RIGHT"/>\n};
        printf qq{<text x="%d" y="%d" fill="%s"><title>%s</title>%s %.6g</text>\n},
            $RIGHT + 50, $at + 40, $colour, $name, $label, $value;
    }
    my $found = broken($panel);
    for my $at (sort { $a <=> $b } keys %$found) {
        printf qq{<circle cx="%d" cy="%d" r="24" fill="#d00000"><title>point %d: %.6g; %s</title></circle>\n},
            $x->($at), $y->($values[$at]), $at + 1, $values[$at], join(', ', @{ $found->{$at} });
    }
    print "</g>\n";
}

sub escape {
    my ($text) = @_;
    $text =~ s/([&<>"'])/'&#' . ord($1) . ';'/ge;
    return $text;
}
